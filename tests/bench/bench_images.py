# SPDX-FileCopyrightText: The Cowscope authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the measuring scripts do to images themselves, so that large ones need neither hours nor disks."""

import os
import random
import struct
import subprocess

OFFSET = 0x00FFFFFFFFFFFE00
COPIED = 1 << 63


def copy(source, target):
    """A copy that is on the disk, so that it is not the next flush's to write."""
    subprocess.run(["cp", "--sparse=always", source, target], check=True)
    subprocess.run(["sync", target], check=True)


class Image:
    """The tables of an image that qemu-img made, to be rearranged."""

    def __init__(self, path):
        self.file = open(path, "r+b", buffering=0)
        header = os.pread(self.file.fileno(), 104, 0)
        self.cluster_size = 1 << struct.unpack_from(">I", header, 20)[0]
        self.l1_size, self.l1_offset = struct.unpack_from(">IQ", header, 36)

    def words(self, at, count):
        return list(struct.unpack(f">{count}Q", os.pread(self.file.fileno(), 8 * count, at)))

    def write_words(self, at, words):
        os.pwrite(self.file.fileno(), struct.pack(f">{len(words)}Q", *words), at)

    def leak(self):
        """Drops an L2 table of every 16."""
        words = self.words(self.l1_offset, self.l1_size)
        words[::16] = [0] * len(words[::16])
        self.write_words(self.l1_offset, words)


def random_writes(path, writes):
    """Lays out in an empty image of 4 KiB clusters what so many writes of a cluster each, all over the disk, leave
    behind, as qemu-io does it: clusters in the order in which they are needed, a refblock first in what it counts."""
    image = Image(path)
    rng = random.Random(1)
    tables = {}
    assert image.cluster_size == 4096 and image.l1_offset == 3 * 4096
    after = 3 + image.l1_size * 8 // 4096  # header, refcount table, its first refblock, L1 table

    def allocate():
        nonlocal after
        after += 1 if after % 2048 == 0 else 0
        after += 1
        return (after - 1) * 4096

    for _ in range(writes):
        table, index = divmod(rng.randrange(image.l1_size * 512), 512)
        if table not in tables:
            tables[table] = [allocate(), [0] * 512]
        if tables[table][1][index] == 0:
            tables[table][1][index] = allocate() | COPIED
    blocks = (after + 2047) // 2048
    assert blocks <= 512, "the refcount table has one cluster"
    image.write_words(image.l1_offset, [tables[i][0] | COPIED if i in tables else 0 for i in range(image.l1_size)])
    for offset, entries in tables.values():
        image.write_words(offset, entries)
    image.write_words(4096, [2 * 4096, *(i * 2048 * 4096 for i in range(1, blocks))])
    for i in range(blocks):
        ones = min(2048, after - i * 2048)
        os.pwrite(image.file.fileno(), b"\0\1" * ones + b"\0\0" * (2048 - ones), (i * 2048 or 2) * 4096)
    image.file.truncate(after * 4096)
