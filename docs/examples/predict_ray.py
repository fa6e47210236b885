"""Read the faces of any number of pictures with Ray Data, on as many machines as Ray has; rerun it to resume.

    python docs/examples/predict_ray.py PICTURES OUT    # a folder of pictures, and one for parquet files

Needs `pip install 'ray[data]'` beside the extra `faces`. Each worker takes one core."""
import sys
from pathlib import Path

import pyarrow.parquet as pq
import ray

from lanmsff_plugins.faces import open_reader
from lanmsff_plugins.inference.records import records
from lanmsff_plugins.inference.sources import Photo, find_pictures


class Reader:
    columns = "file", "faces", "face", "label", "score", "box", "size", "warning"

    def __init__(self):
        self.reader = open_reader()  # once a worker

    def __call__(self, batch: dict) -> dict:
        found = []
        for path in batch["file"]:
            try:
                frame, = Photo(path).frames()
                found += records(path, frame, self.reader([frame.picture])[0])
            except (OSError, ValueError) as error:  # a row too, so that it is not tried again
                found.append({"file": path, "faces": 0, "warning": str(error)})
        return {name: [record.get(name) for record in found] for name in self.columns}


if __name__ == "__main__":
    folder, out = (Path(argument).resolve() for argument in sys.argv[1:])
    done = set(pq.read_table(out, columns=["file"])["file"].to_pylist()) if list(out.glob("*.parquet")) else set()
    if todo := [{"file": str(path)} for path in find_pictures(folder) if str(path) not in done]:
        files = ray.data.from_items(todo, override_num_blocks=len(todo) // 64 + 1)  # a block is a file of OUT
        files.map_batches(Reader, batch_size=16, num_cpus=1, concurrency=(1, 1000)).write_parquet(str(out))
