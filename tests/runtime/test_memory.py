import pytest
import torch

from ganbal.runtime.memory import OutOfMemoryError, advise_when_out_of_memory


def allocate_too_much():
    torch.empty(2**50, dtype=torch.uint8)


def cuda_out_of_memory():
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 8.00 GiB. GPU 0 has 1.00 GiB free.")


def host_out_of_memory():
    raise MemoryError


@pytest.mark.parametrize("work", [allocate_too_much, cuda_out_of_memory, host_out_of_memory])
def test_exhausted_memory_names_the_setting_to_lower(work):
    with (
        pytest.raises(OutOfMemoryError, match=r"while training the GAN \(.+\)\. Lower gan\.batch_size or gan\.steps"),
        advise_when_out_of_memory("training the GAN", "gan.batch_size", "gan.steps"),
    ):
        work()


def test_other_errors_pass_unchanged():
    with pytest.raises(RuntimeError, match="size mismatch"), advise_when_out_of_memory("sampling", "x"):
        raise RuntimeError("size mismatch")
