#!/bin/sh
# Writes assets/licences.txt: the licence of every module that the program or its tests use, of Go, and
# of ONNX Runtime and the Chinese fonts, whose texts are kept in assets. Run from the repository root
# after a dependency has changed: sh assets/licences.sh
set -eu
out=assets/licences.txt
go list -deps -test -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./... >"$out.list"
{
	echo "Clipwright contains the following works, each under its own licence."
	LC_ALL=C sort -u "$out.list" |
	while read -r path version dir; do
		printf '\n================================================================\n%s %s\n\n' "$path" "$version"
		found=
		for file in "$dir"/LICENSE* "$dir"/LICENCE* "$dir"/COPYING* "$dir"/NOTICE*; do
			[ -f "$file" ] || continue
			found=yes
			tr -d '\r' <"$file"
		done
		if [ -z "$found" ]; then # some say it in the README alone
			said=$(tr -d '\r' <"$dir/README.md" | sed -n '/^## Licen[sc]e/,/^## [^L]/{/^## /d;p}')
			[ -z "$said" ] || { found=yes; echo "Its README says:"; echo "$said"; }
		fi
		[ -n "$found" ] || { echo "licences.sh: $path has no licence file" >&2; exit 1; }
	done
	printf '\n================================================================\nThe Go standard library\n\n'
	cat "$(go env GOROOT)/LICENSE"
	printf '\n================================================================\nONNX Runtime\n\n'
	cat assets/licence_onnxruntime.txt
	printf '\n================================================================\nNoto Sans CJK SC\n\n'
	cat assets/fonts/OFL.txt
} >"$out.part"
mv "$out.part" "$out"
rm "$out.list"
