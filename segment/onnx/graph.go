package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	inputName  = "input"
	outputName = "logits"
)

// errGraph is wrapped by errors about a model that is not an ONNX file or not one of our networks.
var errGraph = errors.New("not a Clipwright network")

// checkGraph reads from an ONNX model what ONNX Runtime would only find wrong at the first run: one input "input" and an
// output "logits", float32 with five dimensions, or [1, answers] where there are answers. It returns the input's channels, 0 when the model leaves them open.
// Field numbers are those of onnx.proto (IR version 3 to 13), wire format of Protocol Buffers.
func checkGraph(model []byte, answers int) (channels int, err error) {
	graph, err := message(model, 7) // ModelProto.graph
	if err != nil || graph == nil {
		return 0, fmt.Errorf("%w: not an ONNX file, or a damaged one", errGraph)
	}
	weights := map[string]bool{} // initializers, which old exporters list as inputs too
	var inputs, outputs []valueInfo
	err = fields(graph, func(number int, value []byte) error {
		switch number {
		case 5: // initializer: TensorProto, name = 8
			name, err := message(value, 8)
			weights[string(name)] = true
			return err
		case 11, 12: // input, output: ValueInfoProto
			info, err := readValueInfo(value)
			if number == 11 {
				inputs = append(inputs, info)
			} else {
				outputs = append(outputs, info)
			}
			return err
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("%w: a damaged ONNX file (%v)", errGraph, err)
	}
	var in, out *valueInfo
	for i := range inputs {
		if weights[inputs[i].name] {
			continue
		}
		if inputs[i].name != inputName || in != nil {
			return 0, fmt.Errorf("%w: it has an input %q, expected is the one input %q", errGraph, inputs[i].name, inputName)
		}
		in = &inputs[i]
	}
	for i := range outputs {
		if outputs[i].name == outputName {
			out = &outputs[i]
		}
	}
	if in == nil || out == nil {
		return 0, fmt.Errorf("%w: it lacks the input %q or the output %q", errGraph, inputName, outputName)
	}
	const float32Type = 1 // TensorProto.FLOAT
	for _, v := range []*valueInfo{in, out} {
		fits, expected := len(v.shape) == 5, "[1, C, D, H, W]"
		if v == out && answers > 0 {
			fits, expected = len(v.shape) == 2 && v.shape[1] == uint64(answers), fmt.Sprintf("[1, %d]", answers)
		}
		if v.element != float32Type || !fits {
			return 0, fmt.Errorf("%w: %q has element type %d and the shape %v, expected is float32 %s", errGraph, v.name, v.element, v.shape, expected)
		}
	}
	return int(in.shape[1]), nil
}

type valueInfo struct {
	name    string
	element uint64
	shape   []uint64 // 0 where the dimension is open
}

func readValueInfo(data []byte) (valueInfo, error) {
	var v valueInfo
	name, err := message(data, 1)
	if err != nil {
		return v, err
	}
	v.name = string(name)
	tensor, err := message(data, 2, 1) // type, tensor_type
	if err != nil {
		return v, err
	}
	err = walk(tensor, func(number int, value []byte, varint uint64) error {
		switch number {
		case 1:
			v.element = varint
		case 2:
			return fields(value, func(_ int, dim []byte) error {
				var size uint64
				err := walk(dim, func(number int, _ []byte, varint uint64) error {
					if number == 1 { // dim_value
						size = varint
					}
					return nil
				})
				v.shape = append(v.shape, size)
				return err
			})
		}
		return nil
	})
	return v, err
}

// message returns the embedded bytes at a path of field numbers, nil when a field is absent.
func message(data []byte, path ...int) ([]byte, error) {
	for _, wanted := range path {
		var found []byte
		err := fields(data, func(number int, value []byte) error {
			if number == wanted {
				found = value
			}
			return nil
		})
		if err != nil || found == nil {
			return nil, err
		}
		data = found
	}
	return data, nil
}

// fields visits the length-delimited fields of a Protocol Buffers message.
func fields(data []byte, visit func(number int, value []byte) error) error {
	return walk(data, func(number int, value []byte, _ uint64) error {
		if value == nil {
			return nil
		}
		return visit(number, value)
	})
}

// walk visits every field of a Protocol Buffers message: value is nil for numbers, varint is 0 for the rest.
func walk(data []byte, visit func(number int, value []byte, varint uint64) error) error {
	for len(data) > 0 {
		key, n := binary.Uvarint(data)
		if n <= 0 {
			return errors.New("bad field key")
		}
		data = data[n:]
		var value []byte
		var varint uint64
		size := 0
		switch key & 7 {
		case 0:
			if varint, size = binary.Uvarint(data); size <= 0 {
				return errors.New("bad number")
			}
		case 1:
			size = 8
		case 2:
			length, n := binary.Uvarint(data)
			if n <= 0 || length > uint64(len(data)-n) {
				return errors.New("a field runs past the end")
			}
			data = data[n:]
			size = int(length)
			value = data[:size:size]
		case 5:
			size = 4
		default:
			return fmt.Errorf("unknown wire type %d", key&7)
		}
		if size > len(data) {
			return errors.New("a field runs past the end")
		}
		if err := visit(int(key>>3), value, varint); err != nil {
			return err
		}
		data = data[size:]
	}
	return nil
}
