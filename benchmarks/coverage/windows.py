"""Times `patrolctl coverage run` on real tracks, and one reach search beside SciPy's on the same arcs.

usage: windows.py BIN_DIR SHARED_DIR

Prints one row per data set: steps, CPU seconds (user + system, all threads), wall seconds, peak memory. Then, on the
Beijing network with 100 sources, the same for both: our search alone (`--timing`: CPU time inside the process), SciPy's
search alone, and beside them the whole `coverage reach` process (load, search, write)."""
import csv
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

import numpy
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

REACH_S = 180
REPEATS = 5
SEARCHES = 51


def timed(command):
    """CPU seconds, wall seconds and peak memory (MB) of a process."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f'{command} failed')
    return usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1024


def windows(ctl, data, work):
    print('| window, 10 s steps | steps | CPU s | wall s | peak MB |\n| --- | --- | --- | --- | --- |')
    for name in ('chicago_shuttles', 'athens_small'):
        out = work / name
        cpu, wall, memory = timed([ctl, 'coverage', 'run', '--network', data / name / 'network.osm.pbf', '--areas',
                                   data / name / 'areas.geojson', '--fixes', data / name / 'fixes.csv', '--out', out])
        steps = json.loads((out / 'summary.json').read_text()).get('steps', '')
        print(f'| {name} | {steps} | {cpu:.1f} | {wall:.1f} | {memory:.0f} |', flush=True)


def export_arcs(ctl, network, work):
    """The network's arcs as `network export` writes them, the car's."""
    subprocess.run([ctl, 'network', 'export', '--network', network, '--out', work / 'net'], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return list(csv.DictReader(open(work / 'net/arcs.csv', newline='')))


def pick_sources(arcs, work):
    """A hundred seeded pieces' first nodes, which other searches start from; ours, written to sources.csv, at offset 0."""
    # A piece's first arc leaves the node where its offset is 0: both searches start from there.
    first_nodes = {}
    for a in arcs:
        first_nodes.setdefault((int(a['way_id']), int(a['seq'])), int(a['from_node']))
    pieces = random.Random(1).sample(sorted(first_nodes), 100)
    with open(work / 'sources.csv', 'w') as file:
        file.write('way_id,seq,offset_m\n' + ''.join(f'{w},{s},0\n' for w, s in pieces))
    return [first_nodes[piece] for piece in pieces]


def our_searches(ctl, network, work):
    """Milliseconds of CPU of one search: from scratch, with reach lists warm, with all lists made first."""
    told = subprocess.run([ctl, 'coverage', 'reach', '--network', network, '--sources', work / 'sources.csv',
                           '--out', work / 'reach', '--timing', str(SEARCHES)], check=True, capture_output=True, text=True)
    alone = float(re.search(r'search: ([0-9.]+) ms', told.stderr).group(1))
    warm, cold = (float(x) for x in re.search(r'warm ([0-9.]+) ms, cold .* ([0-9.]+) ms', told.stderr).groups())
    return alone, warm, cold


def scipy_graph(arcs):
    """Row by node, seconds by pair of rows (of parallel arcs the fastest), and both as a sparse matrix."""
    ids = {n: i for i, n in enumerate(sorted({int(a[k]) for a in arcs for k in ('from_node', 'to_node')}))}
    best = {}
    for a in arcs:
        key = ids[int(a['from_node'])], ids[int(a['to_node'])]
        best[key] = min(best.get(key, numpy.inf), float(a['time_s']))
    graph = coo_matrix((list(best.values()), numpy.array(list(best)).T), shape=(len(ids), len(ids))).tocsr()
    return ids, best, graph


def reach(ctl, data, work):
    network = data / 'beijing_taxi/network.osm.pbf'
    arcs = export_arcs(ctl, network, work)
    ids, best, graph = scipy_graph(arcs)
    starts = [ids[node] for node in pick_sources(arcs, work)]

    def scipy_search():
        began = time.process_time()
        dijkstra(graph, indices=starts, limit=REACH_S, min_only=True)
        return time.process_time() - began

    process = sorted(timed([ctl, 'coverage', 'reach', '--network', network, '--sources', work / 'sources.csv',
                            '--out', work / 'reach'])[0] for _ in range(REPEATS))[REPEATS // 2]
    ours, warm, cold = our_searches(ctl, network, work)
    scipy = sorted(scipy_search() for _ in range(SEARCHES))[SEARCHES // 2] * 1e3
    print(f'\nBeijing, {len(ids)} nodes, 100 sources, 180 s, CPU: search alone {ours:.2f} ms, SciPy dijkstra (min_only) alone'
          f' {scipy:.2f} ms (medians of {SEARCHES}); `coverage reach` whole process {process * 1e3:.0f} ms (median of {REPEATS})')
    print(f'with reach lists: warm {warm:.4f} ms ({scipy / warm:.0f} times SciPy), cold, all lists made first {cold:.2f} ms'
          f' ({scipy / cold:.1f} times)')
    networkx(arcs, ids, starts, best)


def networkx(arcs, ids, starts, best):
    try:
        import networkx
    except ImportError:
        print('NetworkX is not installed (python3-networkx): not measured')
        return
    graph = networkx.DiGraph()
    graph.add_weighted_edges_from((a, b, s) for (a, b), s in best.items())
    began = time.process_time()
    networkx.multi_source_dijkstra_path_length(graph, set(starts), cutoff=REACH_S)
    print(f'NetworkX multi_source_dijkstra_path_length: {(time.process_time() - began) * 1e3:.0f} ms')


def main(bin_folder, shared):
    ctl, data = pathlib.Path(bin_folder) / 'patrolctl', pathlib.Path(shared) / 'data'
    if not data.is_dir():
        sys.exit(f'no research data in {data}')
    with tempfile.TemporaryDirectory(prefix='patrol-bench-') as work:
        windows(ctl, data, pathlib.Path(work))
        reach(ctl, data, pathlib.Path(work))


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2])
