package dicom

// Transfer syntax UIDs, PS3.6 table A-1.
const (
	syntaxImplicitLE = "1.2.840.10008.1.2"
	syntaxExplicitLE = "1.2.840.10008.1.2.1"
	syntaxDeflatedLE = "1.2.840.10008.1.2.1.99"
	syntaxExplicitBE = "1.2.840.10008.1.2.2"
	syntaxRLE        = "1.2.840.10008.1.2.5"

	syntaxJPEGBaseline     = "1.2.840.10008.1.2.4.50"
	syntaxJPEGExtended     = "1.2.840.10008.1.2.4.51"
	syntaxJPEGLossless     = "1.2.840.10008.1.2.4.57"
	syntaxJPEGLosslessSV1  = "1.2.840.10008.1.2.4.70"
	syntaxJPEGLS           = "1.2.840.10008.1.2.4.80"
	syntaxJPEGLSNear       = "1.2.840.10008.1.2.4.81"
	syntaxJPEG2000Lossless = "1.2.840.10008.1.2.4.90"
	syntaxJPEG2000         = "1.2.840.10008.1.2.4.91"
)

// SOP class UIDs, PS3.4.
const (
	classCTImage        = "1.2.840.10008.5.1.4.1.1.2"
	classEnhancedCT     = "1.2.840.10008.5.1.4.1.1.2.1"
	classLegacyCT       = "1.2.840.10008.5.1.4.1.1.2.2" // Legacy Converted Enhanced CT
	classStructureSet   = "1.2.840.10008.5.1.4.1.1.481.3"
	classMediaDirectory = "1.2.840.10008.1.3.10"
	classStudy          = "1.2.840.10008.3.1.2.3.1" // Detached Study Management, retired, as RTReferencedStudySequence names it
)

// syntax is how a file encodes its elements and pixels.
type syntax struct {
	uid, name  string
	encoding   coding
	deflated   bool
	compressed bool   // the pixels are encapsulated
	convert    string // command that turns the file into a native one; empty when we read it ourselves
}

// coding is how elements are written.
type coding struct{ big, implicit bool }

// findSyntax looks a transfer syntax up; ok is false for one that no table holds.
func findSyntax(uid string) (s syntax, ok bool) {
	const (
		jpeg = "dcmdjpeg IN OUT"
		none = "no common tool does; export the series as JPEG 2000 Lossless or uncompressed where it is kept"
	)
	s = syntax{uid: uid, compressed: true}
	switch uid {
	case syntaxImplicitLE, "": // without meta information implicit is the default, PS3.5 10.1
		s.name, s.encoding.implicit, s.compressed = "Implicit VR Little Endian", true, false
	case syntaxExplicitLE:
		s.name, s.compressed = "Explicit VR Little Endian", false
	case syntaxExplicitBE:
		s.name, s.encoding.big, s.compressed = "Explicit VR Big Endian", true, false
	case syntaxDeflatedLE:
		s.name, s.deflated, s.compressed = "Deflated Explicit VR Little Endian", true, false
	case syntaxRLE:
		s.name = "RLE Lossless"
	case syntaxJPEGBaseline:
		s.name = "JPEG Baseline (8 bit)"
	case syntaxJPEGExtended:
		s.name = "JPEG Extended (12 bit)"
	case "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55":
		s.name, s.convert = "JPEG (retired process)", jpeg
	case syntaxJPEGLossless:
		s.name = "JPEG Lossless (process 14)"
	case syntaxJPEGLosslessSV1:
		s.name = "JPEG Lossless (first-order prediction)"
	case syntaxJPEGLS:
		s.name = "JPEG-LS Lossless"
	case syntaxJPEGLSNear:
		s.name = "JPEG-LS Near-Lossless"
	case syntaxJPEG2000Lossless:
		s.name = "JPEG 2000 Lossless"
	case syntaxJPEG2000:
		s.name = "JPEG 2000"
	case "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203":
		s.name, s.convert = "High-Throughput JPEG 2000", none
	default:
		return syntax{uid: uid, name: "transfer syntax " + uid}, false
	}
	return s, true
}
