#!/usr/bin/env python3
"""Writes files that look like model weights to a compressor: large, and random.

    inflate.py DIRECTORY GIB

The same bytes every time.
"""

import pathlib
import random
import sys

MEBIBYTE = 1 << 20
FILES_PER_GIBIBYTE = 4


def main(directory, gibibytes):
    block = random.Random("crosscheck").randbytes(64 * MEBIBYTE)
    for number in range(gibibytes * FILES_PER_GIBIBYTE):
        with (directory / f"shard-{number:05}.bin").open("wb") as shard:
            for part in range(1024 // FILES_PER_GIBIBYTE // 64):
                # The block turned by an odd step: no two parts are alike, and one block is enough.
                turn = (number * 7919 + part * 104729) * 4099 % len(block)
                shard.write(block[turn:])
                shard.write(block[:turn])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
