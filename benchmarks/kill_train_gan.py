"""Kills `ganbal train-gan` at random moments, continues it each time, and compares it with an undisturbed run.

    python benchmarks/kill_train_gan.py [--kills 20] [--seed 0] [--folder DIR]

SIGKILL, which leaves a process no time to clean up, 0 to 6 seconds after training may have begun; on the embedded
phantom set, at 32 px, on the CPU. Both runs must end with the same bits in every weight, optimizer state and random
state, and with the same history except for its times.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch

SETTINGS = [
    *("data.phantom_images=400", "study.image_size_px=32", "gan.image_size_px=32", "gan.base_channels=4"),
    *("gan.batch_size=8", "gan.latent_dim=8", "gan.adaptive_augment=true", "gan.adaptive_images=4000"),
    *("gan.log_every_steps=10", "gan.score_every_steps=50", "gan.score_images=20", "gan.sample_every_steps=200"),
    *(
        "gan.checkpoint_every_steps=15",  # also between two rows of the history
        "gan.checkpoint_every_seconds=0",
        "gan.discriminator_learning_rate=5e-5",
        "gan.max_rollbacks=50",
    ),
]
LONGEST_LIFE_SECONDS = 6.0


def command(run, steps):
    words = [sys.executable, "-m", "ganbal", "train-gan", "--data", "phantom", "--run", str(run), "--device", "cpu"]
    return words + [word for setting in (*SETTINGS, f"gan.steps={steps}") for word in ("--set", setting)]


def kill_again_and_again(run, steps, kills, dice):
    """The step of the last checkpoint at each kill; None before the first."""
    found = []
    while len(found) < kills:
        process = subprocess.Popen(command(run, steps), stderr=subprocess.PIPE, text=True, bufsize=1)
        for line in process.stderr:  # imports and image decoding: nothing to kill yet
            if "training the GAN" in line or "Continuing" in line or "Run folder" in line:
                break
        time.sleep(dice.uniform(0.0, LONGEST_LIFE_SECONDS))
        if process.poll() is not None:
            raise SystemExit(f"The training ended after {len(found)} kills: give it more --steps.")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        file = run / "gan" / "checkpoints" / "last.pt"
        found.append(torch.load(file, weights_only=True)["state"]["step"] if file.is_file() else None)
        print(f"kill {len(found)}: at step {found[-1]}", file=sys.stderr)
    return found


def leaves(content, name=""):
    """Every tensor and number of a checkpoint with its place."""
    if isinstance(content, dict | list | tuple):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in pairs:
            yield from leaves(value, f"{name}/{key}")
    else:
        yield name, content


def differences(first, second):
    def content(run):
        state = torch.load(run / "gan" / "checkpoints" / "last.pt", weights_only=True)["state"]
        return {k: v for k, v in leaves(state) if "seconds" not in k and "images_per_second" not in k}

    one, other = content(first), content(second)
    assert one.keys() == other.keys()
    same = {k: torch.equal(v, other[k]) if isinstance(v, torch.Tensor) else v == other[k] for k, v in one.items()}
    tables = [pd.read_csv(run / "gan" / "history.csv").drop(columns="images_per_second") for run in (first, second)]
    unequal = [name for name, is_same in same.items() if not is_same]
    return len(same), unequal + ([] if tables[0].equals(tables[1]) else ["history.csv"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="ganbal-kills-"))
    killed, undisturbed = folder / "killed", folder / "undisturbed"
    found = kill_again_and_again(killed, given.steps, given.kills, random.Random(given.seed))
    for run in (killed, undisturbed):
        subprocess.run(command(run, given.steps), check=True, capture_output=True)
    count, unequal = differences(undisturbed, killed)
    print(f"{given.kills} kills at steps {found}; of {count} values, {len(unequal)} differ {unequal[:5]}")
    sys.exit(1 if unequal else 0)


if __name__ == "__main__":
    main()
