"""A generator as a program that other software runs without ganbal: torch.export or ONNX.

There is no TorchScript: torch has deprecated it for torch.export, and its files differ from one export to the next.
"""

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganbal.errors import GanbalError
from ganbal.gan.image_generator import ImageGenerator
from ganbal.gan.networks import Generator
from ganbal.gan.sampling import as_pixels, latent_rows
from ganbal.runtime.optional_packages import import_optional

ONNX_TOLERANCE = 1e-4
"""Largest difference between the values of the ONNX program and the network's, in [-1, 1]."""
_CHECKED_IMAGES = 4
_ONNX_OPSET = 18


class PixelProgram(nn.Module):
    """Latent vectors (B, latent_dim) float32, and labels (B,) int64 for a generator of several classes, to images:
    uint8 (B, S, S), or (B, S, S, 3) in color."""

    def __init__(self, network: Generator) -> None:
        super().__init__()
        self.network = network

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return as_pixels(self.network(latents, labels))


class ValueProgram(PixelProgram):
    """The same, and the values before rounding: float32 (B, C, S, S) in [-1, 1]."""

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Any:
        values = self.network(latents, labels)
        return as_pixels(values), values


def torch_export_program(generator: ImageGenerator) -> bytes:
    """A program for `torch.export.load`, which needs torch and nothing else."""
    with _quiet():
        program = torch.export.export(
            PixelProgram(_on_cpu(generator)),
            _example(generator),
            dynamic_shapes=_dynamic(generator, {0: torch.export.Dim("batch", min=1, max=65536)}),
        )
        for node in program.graph.nodes:  # paths of this machine
            for name in ("stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn", "from_node"):
                node.meta.pop(name, None)
        buffer = io.BytesIO()
        torch.export.save(program, buffer)
    return buffer.getvalue()


def onnx_program(generator: ImageGenerator) -> bytes:
    """An ONNX model with the outputs `pixels` and `values`; compared with the network where onnxruntime is installed.

    Raises:
        InputError: a package is missing.
        GanbalError: its values differ from those of the network.
    """
    for package in ("onnx", "onnxscript"):
        import_optional(package, extra="export", needed="--format onnx needs onnx and onnxscript.")
    names = ["latents", "labels"][: len(_example(generator))]
    with _quiet():
        program = torch.onnx.export(
            ValueProgram(_on_cpu(generator)),
            _example(generator),
            input_names=names,
            output_names=["pixels", "values"],
            dynamic_shapes=_dynamic(generator, {0: torch.export.Dim("batch", min=1, max=65536)}),
            opset_version=_ONNX_OPSET,
            dynamo=True,
            verbose=False,
        )
        assert program is not None
        model = program.model_proto
    for node in model.graph.node:  # paths of this machine
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.metadata_props[:]
    content = bytes(model.SerializeToString(deterministic=True))
    _check_onnx(content, generator)
    return content


PROGRAMS: dict[str, tuple[str, Callable[[ImageGenerator], bytes]]] = {
    "torch-export": (".pt2", torch_export_program),
    "onnx": (".onnx", onnx_program),
}
"""Suffix of the file and its content, by format."""


def _check_onnx(content: bytes, generator: ImageGenerator) -> None:
    """Compare the values of a few images with the network's, where onnxruntime is installed."""
    try:
        import onnxruntime
    except ImportError:
        logging.getLogger("ganbal").warning("onnxruntime is not installed, so the ONNX model was not checked.")
        return
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    inputs = _example(generator)
    named = {entry.name: value.numpy() for entry, value in zip(session.get_inputs(), inputs, strict=True)}
    values = session.run(["values"], named)[0]
    with torch.no_grad():
        expected = _on_cpu(generator)(*inputs).numpy()
    difference = float(np.abs(values - expected).max())
    if not difference <= ONNX_TOLERANCE:
        raise GanbalError(
            f"The ONNX model differs from the generator by {difference:.1e}, more than {ONNX_TOLERANCE:.0e}. "
            "Try another version of onnx or torch."
        )


def _on_cpu(generator: ImageGenerator) -> Generator:
    """The network in evaluation mode on the CPU, where its program is traced."""
    return generator.on_cpu().network


def _example(generator: ImageGenerator) -> tuple[Tensor, ...]:
    latents = latent_rows(0, _CHECKED_IMAGES, generator.network.latent_dim)
    if generator.network.num_classes is None:
        return (latents,)
    return latents, torch.arange(_CHECKED_IMAGES) % generator.network.num_classes


def _dynamic(generator: ImageGenerator, batch: dict[int, Any]) -> dict[str, Any]:
    return {name: batch for name, _ in zip(("latents", "labels"), _example(generator), strict=False)}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporters' own warnings and messages, which are about their code."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript")]
    before = [logger.level for logger in loggers]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.setLevel(level)
