"""`neuraltopic serve` on loopback: time of queries at 1 and 8 clients, and CPU seconds and memory of the server.

    python -m tests.benchmarks.search.serve_load INDEX [queries, 200 by default] [workers, 1 by default]

INDEX is one that search_scale.py wrote, such as `search_scale.py INDEX 100000`. Each client is a process thread that
asks the next query when it has the answer to its last; queries are the first six words of AG News test documents.
Memory is that of the first process, by /proc: what it has allocated, and pages of files that it has mapped, such as
libraries and the index, which the system shares between processes and takes back when it is short of memory.
"""

import json
import resource
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from tests.benchmarks.data import data_folder


def ask(address, query):
    """Seconds to the whole answer, which has hits."""
    start = time.perf_counter()
    with urllib.request.urlopen(f"{address}/search?{urllib.parse.urlencode({'q': query})}") as answer:
        body = json.load(answer)
    assert body["hits"], query
    return time.perf_counter() - start


def memory(process):
    """What a process has in memory, in words."""
    found = {}
    for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, kib = line.split()[:2]
        found[name] = int(kib) / 2**10
    allocated = found["Anonymous:"]
    return f"{allocated:,.0f} MiB allocated, {found['Rss:'] - allocated:,.0f} MiB of files"


def main(index, n_queries, workers):
    texts = (data_folder() / "agnews" / "test_texts.txt").read_text(encoding="utf-8").splitlines()
    queries = [" ".join(text.split()[:6]) for text in texts[: 9 * n_queries]]
    command = [
        sys.executable,
        "-m",
        "neuraltopic",
        "serve",
        str(index),
        "--port",
        "0",
        "--searches",
        "8",
        "--workers",
        workers,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            address = server.stderr.readline().split()[-1].rstrip("/")
            print(f"started: {memory(server)}", flush=True)
            with ThreadPoolExecutor(16) as pool:  # until every process answers
                list(pool.map(lambda query: ask(address, query), [queries.pop() for _ in range(50)]))
            for clients, asked in ((1, queries[:n_queries]), (8, queries[n_queries : 3 * n_queries])):
                start = time.perf_counter()
                with ThreadPoolExecutor(clients) as pool:
                    took = np.array(list(pool.map(lambda query: ask(address, query), asked))) * 1e3
                rate = len(asked) / (time.perf_counter() - start)
                print(
                    f"{clients} clients: {rate:.1f} queries a second, 50th percentile "
                    f"{np.percentile(took, 50):.0f} ms, 99th {np.percentile(took, 99):.0f} ms; {memory(server)}",
                    flush=True,
                )
        finally:
            server.terminate()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"server: {used.ru_utime + used.ru_stime:.1f} CPU s with start and opening")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200, (sys.argv[3:] or ["1"])[0])
