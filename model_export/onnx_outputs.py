"""Makes the one output that is served of what exporters write: outputs listed twice, a label beside probabilities.

It also converts graphs of an operator set that ONNX Runtime no longer runs. `importing` tries the result.
"""

import onnx
from onnx import TensorProto, version_converter

from functions.dataset.block import CLASSES
from functions.errors import InvalidValueError
from model_export.checkpoints import FLOATS

_OLDEST, _CONVERTED = 7, 8  # operator sets: the oldest that ONNX Runtime runs, and what older ones are converted to
_TRANSPARENT = ("Identity", "Reshape", "Flatten", "Squeeze", "Cast")  # operators that leave the numbers as they are


def simplified(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with one output, if it says the same as all of them, and of an operator set that runs.

    Raises:
        InvalidValueError: when it is of an old operator set and cannot be converted, or its classes are no digits.
    """
    model = _converted(model)
    outputs = {output.name: output for output in model.graph.output}  # some exporters list one twice
    numbers = [_without_map(model.graph, output) for output in outputs.values()]
    floats = [output for output in numbers if output.type.tensor_type.elem_type in FLOATS]
    chosen = floats if len(floats) == 1 else numbers
    del model.graph.output[:]
    model.graph.output.extend(chosen)
    return model


def last_operator(model: onnx.ModelProto) -> str:
    """Return the operator that the output comes from, but for those that only give it another form."""
    makers = {name: node for node in model.graph.node for name in node.output}
    node = makers.get(model.graph.output[0].name)
    while node is not None and node.op_type in _TRANSPARENT and node.input:
        node = makers.get(node.input[0])
    return node.op_type if node is not None else ""


def _converted(model: onnx.ModelProto) -> onnx.ModelProto:
    version = next((opset.version for opset in model.opset_import if opset.domain in ("", "ai.onnx")), _OLDEST)
    if version >= _OLDEST:
        return model
    ends = [*model.graph.input, *model.graph.output]
    declared = {end.name: onnx.ValueInfoProto.FromString(end.SerializeToString()) for end in ends}
    for dimension in (d for end in ends for d in end.type.tensor_type.shape.dim if not d.dim_value):
        dimension.dim_value = 1  # the converter knows no free dimensions
    try:
        converted = version_converter.convert_version(model, _CONVERTED)
    except Exception as error:  # the converter's errors have no common base
        message = f"its operator set {version} is older than {_OLDEST}, and cannot be converted: {error}"
        raise InvalidValueError(message, "file") from None
    for end in [*converted.graph.input, *converted.graph.output]:
        end.CopyFrom(declared[end.name])
    del converted.graph.value_info[:]
    return converted


def _without_map(graph: onnx.GraphProto, output: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    """Return the tensor that ZipMap, as scikit-learn's converter adds it, makes maps of; others unchanged."""
    maker = next((node for node in graph.node if output.name in node.output), None)
    if maker is None or maker.op_type != "ZipMap":
        return output
    classes = [list(attribute.ints) or [text.decode() for text in attribute.strings] for attribute in maker.attribute]
    if [str(label) for label in classes[0]] != [str(digit) for digit in range(CLASSES)]:
        raise InvalidValueError(f"expected the classes 0 to {CLASSES - 1}, got {classes[0]}", "file")
    graph.node.remove(maker)
    return onnx.helper.make_tensor_value_info(maker.input[0], TensorProto.FLOAT, None)
