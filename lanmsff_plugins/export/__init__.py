"""Files for other runtimes, a module for each: ONNX and OpenVINO, in float32 and int8."""
from .common import Difference, compare_outputs, for_inference, run_torch
from .onnx import OPSET, export_onnx, quantize_onnx, run_onnx
from .openvino import export_openvino, quantize_openvino, run_openvino

__all__ = [
    "OPSET", "Difference", "compare_outputs", "export_onnx", "export_openvino", "for_inference", "quantize_onnx",
    "quantize_openvino", "run_onnx", "run_openvino", "run_torch",
]
