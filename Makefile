# Clipwright: make help lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

OUT ?= out
BUDGET ?= 30m
LOOKS ?= 0
# what make evaluate measures on, and where the real CTs are
SETS ?= phantom-100b real-16b real-graft-14 phantom-20b
CT ?= ../shared/data/ct/test
START ?=
BFLOAT16 ?=
FUZZTIME ?= 15s
# the real CTs that train, where the judge is fitted too
JUDGE_CT ?= ../shared/data/ct/train
# what the Detail Net learns from
DETAIL_SETS = detail-phantom detail-crowded-phantom $(if $(wildcard $(JUDGE_CT)),detail-real detail-crowded-real)
GOTEST ?= go test
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
XVFB := xvfb-run -a -s "-screen 0 1600x1000x24" env LIBGL_ALWAYS_SOFTWARE=1
TRAIN := models/train
VENV := $(TRAIN)/.venv

.PHONY: help setup build run test test-train lint windows wine dicom-peers geometry-peers qa-peers qa-bar journey pinch bench bench-inference bench-peers evaluate detail judge second-simulator precision providers train paper fuzz soak clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

setup: ## install what the build needs: system packages and the ONNX Runtime library
	@.ci/setup
	@.ci/onnxruntime

build: setup ## build ./clipwright
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o clipwright .

run: build ## open the window on the demo case; without a display, do its job and leave out/demo
	@if [ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ]; then ./clipwright demo; \
	else $(XVFB) ./clipwright demo --out $(OUT)/demo --force; fi

test: setup ## run every Go test
	$(GOTEST) ./...

test-train: ## run the training recipe's own tests in its own virtual environment
	@.ci/venv
	cd $(TRAIN) && .venv/bin/python -m pytest -q tests

lint: setup ## gofumpt, vet, staticcheck, import rules
	@bad=$$(go run mvdan.cc/gofumpt@v0.9.2 -l .); if [ -n "$$bad" ]; then echo "not gofumpt-ed:"; echo "$$bad"; exit 1; fi
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.7.0 ./...
	go test ./internal/archtest

race: setup ## the race detector on the state of a study and its jobs, and on the window and its journeys
	go test -race ./app/session ./app ./viewer/...

windows: ## cross-build and vet for windows/amd64 with mingw-w64
	@.ci/setup windows
	GOOS=windows GOARCH=amd64 CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc go build -trimpath -ldflags "-H windowsgui -X main.version=$(VERSION)" -o $(OUT)/windows/clipwright.exe .
	GOOS=windows GOARCH=amd64 CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc go vet ./...

wine: build windows ## run the Windows program under Wine: a pinch, and a phantom's clips as here
	@.ci/setup wine
	.ci/wine $(OUT)/wine $(OUT)/windows

dicom-peers: build ## segment a phantom and let other DICOM software judge what was written
	@.ci/setup peers
	.ci/dicom-peers $(OUT)/peers

qa-peers: ## measure again what SimpleITK, SciPy and surface-distance say of the QA test's shapes
	python3 -m venv $(OUT)/qa-venv && $(OUT)/qa-venv/bin/pip install -q numpy scipy SimpleITK surface-distance
	$(OUT)/qa-venv/bin/python .ci/qa_peers.py internal/qa/testdata/peers.json

qa-bar: build ## 200 small cases through batch QA within 120 s, killed at random and resumed
	.ci/qa-bar $(OUT)/qa-bar

journey: build ## a user's way through the real window on a virtual screen, by mouse and keys: a case, a QA case, a lesson
	@.ci/setup journey
	.ci/journey $(OUT)/journey

pinch: setup ## a pinch on a trackpad, played to a real X server by X.Org's test driver
	@.ci/setup pinch
	CLIPWRIGHT_PINCH=1 go test -count=1 ./internal/pinch

bench: setup ## benchmarks beside the code
	go test -run '^$$' -bench . -benchmem ./internal/... ./segment/... ./viewer/... ./app/cli

geometry-peers: setup ## our margins, hull, smoothing, islands and slices between against SciPy and SimpleITK
	@.ci/venv
	.ci/geometry-peers

bench-inference: build ## the networks on the CPU: cost by body volume, a second run, folder to RTSTRUCT
	CLIPWRIGHT_BENCH=$(CURDIR)/clipwright go test -count=1 -timeout 2h -v -run TestInferenceBars .

bench-peers: build ## the bars of reading, scanning and writing; ours against pydicom, SciPy and the Python stack
	@.ci/venv
	.ci/bench-peers

evaluate: build ## measure both networks on the committed test cases; writes docs/models.md
	./clipwright evaluate $(foreach set,$(SETS),--cases models/testsets/$(set).json) --ct $(CT) --json $(OUT)/evaluation.json --markdown docs/models.md --force

detail: build ## train the Detail Net within BUDGET (30m) on pieces of its own cases (LOOKS of each set; 0: all); START as for train, BFLOAT16=1 where the CPU has it
	@.ci/venv
	./clipwright evaluate $(foreach set,$(DETAIL_SETS),--cases models/testsets/$(set).json) $(if $(wildcard $(JUDGE_CT)),--ct $(JUDGE_CT)) --looks $(OUT)/looks --limit $(LOOKS)
	$(VENV)/bin/python $(TRAIN)/detail.py $(OUT)/looks $(TRAIN)/runs/detail --budget $(BUDGET) $(patsubst %,--start %,$(wildcard $(START)/detail.pt)) $(if $(BFLOAT16),--bfloat16) --models models
	cp $(TRAIN)/runs/detail/detail.pt $(TRAIN)/start/detail.pt

judge: build ## fit the judge of candidates, on its own cases
	@.ci/venv
	@mkdir -p $(OUT)
	./clipwright evaluate --cases models/testsets/judge-phantom.json $(if $(wildcard $(JUDGE_CT)),--cases models/testsets/judge-real.json --ct $(JUDGE_CT)) --candidates $(OUT)/candidates.jsonl --force
	$(VENV)/bin/python $(TRAIN)/judge.py $(OUT)/candidates.jsonl --card models/segmentation.json

second-simulator: build ## measure on clips that a second simulator draws into the real CTs: docs/second-simulator.md
	python3 -m venv $(OUT)/second-venv && $(OUT)/second-venv/bin/pip install -q numpy scipy pydicom nibabel
	rm -rf $(OUT)/second
	$(OUT)/second-venv/bin/python .ci/second_simulator.py ./clipwright $(dir $(CT)) $(OUT)/second docs/second-simulator.md

precision: build ## half precision and 8-bit integers beside float32: speed of a patch, and clips on 20 fixed cases (these differ: exit 1)
	@.ci/venv
	./clipwright phantom --seed 700100 --tensors $(OUT)/precision/tensors --count 6
	$(VENV)/bin/python $(TRAIN)/precision.py $(OUT)/precision/tensors models $(OUT)/precision
	./clipwright doctor --cases 20 --networks $(OUT)/precision/fp16 --networks $(OUT)/precision/int8

providers: build ## the same clips on every provider that opens here: 20 fixed cases, centres within 0.1 mm of the CPU's
	./clipwright doctor --cases 20

train: build ## train both networks within BUDGET (30m) from nothing; START=models/train/start goes on
	@.ci/venv
	$(TRAIN)/run $(BUDGET) product $(START)

paper: build ## train the paper's regime within BUDGET (PATCH=64: smaller patches, on a CPU) and measure it beside what ships: docs/models-paper.md
	@.ci/venv
	$(TRAIN)/run $(BUDGET) paper

FUZZERS := FuzzReadCT FuzzReadStructureSet FuzzAppend
# Go's fuzzer calls it a failure when the clock stops it within an input: "context deadline exceeded", and no failing input.
fuzz: setup ## fuzz the DICOM readers for some seconds each
	@mkdir -p $(OUT)
	@for f in $(FUZZERS); do \
		if go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./internal/dicom >$(OUT)/fuzz.log 2>&1 || \
			{ grep -q '^    context deadline exceeded$$' $(OUT)/fuzz.log && ! grep -q 'Failing input' $(OUT)/fuzz.log; }; \
		then echo "$$f: $$(grep -o 'execs: [0-9]*' $(OUT)/fuzz.log | tail -n 1), nothing found"; \
		else cat $(OUT)/fuzz.log; exit 1; fi; \
	done

soak: setup ## hours of fuzzing and mutations, kept out of CI (CLIPWRIGHT_SOAK_PART=1/4: a part of the files)
	CLIPWRIGHT_SOAK=1 go test -count=1 -timeout 12h -v -run 'Mutations|Truncated' ./internal/dicom
	CLIPWRIGHT_SOAK=1 go test -count=1 -timeout 6h ./segment/...
	$(MAKE) fuzz FUZZTIME=1h

clean: ## remove what was built
	rm -rf clipwright $(OUT)
