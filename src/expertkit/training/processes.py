"""The processes of one training: how many there are, which one this is, and how they are started.

``accelerate launch`` starts them, and tells each by the environment. The first one writes and prints; the others only
compute.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from signal import SIGKILL
from typing import TypeVar

from expertkit.errors import TrainingError
from expertkit.recipes import TrainConfig

T = TypeVar("T")

_LAUNCHER = "EXPERTKIT_LAUNCHER"
"""Variable with the process id of the launcher."""
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_SIGNAL = 128
"""What shells add to the number of a signal."""


def is_launched() -> bool:
    """Whether a launcher has started this process."""
    return "WORLD_SIZE" in os.environ


def count_processes() -> int:
    """How many processes share this training."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this is the process that writes and prints."""
    return int(os.environ.get("RANK", "0")) == 0


def hush() -> None:
    """Let this process be silent but for its errors: one of several says what all have to say."""
    from transformers.utils import logging as transformers_logging

    warnings.simplefilter("ignore")
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def end_with_launcher() -> None:
    """Let the kernel end this process when its launcher ends: one that is killed cannot do so, and would leave it.

    The first thing that a launched process does; one whose launcher has ended by then ends here.
    """
    if is_launched() and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, SIGKILL.value)
        launcher = os.environ.get(_LAUNCHER)
        if launcher is not None and os.getppid() != int(launcher):
            sys.exit(_SIGNAL + SIGKILL.value)


def agreed(value: T) -> T:
    """The first process's value, in every process; the others have waited for it."""
    from accelerate.utils import broadcast_object_list

    (agreed_value,) = broadcast_object_list([value])
    return agreed_value  # type: ignore[no-any-return]


def find_rest(config: TrainConfig) -> str | None:
    """What is wrong where the rows of a batch cannot be divided among the processes."""
    if config.batch_size % config.processes:
        return f"batch_size: expected a multiple of processes, {config.processes}, got {config.batch_size}"
    return None


def launch(config: TrainConfig, arguments: Sequence[str]) -> int:
    """Run ``expert-cli`` with these arguments in as many processes as the settings say, and give the exit status.

    What ``accelerate config`` has written, where it has, says which computers they are on.

    Raises:
        TrainingError: a batch cannot be divided among them; told once, here, and not by each of them.
    """
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    rest = find_rest(config)
    if rest:
        raise TrainingError(rest, hint="change batch_size or processes of train")
    os.environ[_LAUNCHER] = str(os.getpid())
    words = [*_options(config), "-m", "expertkit", *arguments]
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)  # each process has said what was wrong
    try:
        launch_command(launch_command_parser().parse_args(words))
    except ChildFailedError as error:
        _rank, failure = error.get_first_failure()
        return failure.exitcode if failure.exitcode > 0 else _SIGNAL - failure.exitcode
    return 0


def _options(config: TrainConfig) -> list[str]:
    """What accelerate is told; nothing of it is left to guesses, which it would print."""
    from accelerate.commands.config.config_args import default_config_file

    alone = ["--num_machines", "1", "--main_process_port", "0"]
    return [
        "--multi_gpu",  # on processors too: what accelerate calls --cpu starts one process
        "--num_processes", str(config.processes),
        "--num_cpu_threads_per_process", str(config.threads),
        "--mixed_precision", "no",
        "--dynamo_backend", "no",
        *([] if Path(default_config_file).is_file() else alone),
    ]  # fmt: skip
