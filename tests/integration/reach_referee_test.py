"""`coverage reach` on real networks agrees with an outside referee, every highway segment included.

usage: reach_referee_test.py --bin DIR --source DIR --shared DIR [--networks NAME ...]
exit 77: skipped, reason printed. NAME is a folder of data/ with a network.osm.pbf, such as kubicka/07.

For each network: `patrolctl network export`, 100 seeded sources, `patrolctl coverage reach`, then the
referee (SciPy's Dijkstra and exact unions of intervals over the exported arcs)."""
import argparse
import csv
import importlib.util
import pathlib
import random
import subprocess
import sys
import tempfile

NETWORKS = ('athens_small', 'chicago_shuttles', 'beijing_taxi')
SOURCES = 100


def skip(reason):
    print(f'skipped: {reason}')
    sys.exit(77)


def write_sources(arcs_path, path, seed):
    """Sources at random places of random pieces, some at their very ends."""
    lengths = {}
    with open(arcs_path, newline='') as file:
        for row in csv.DictReader(file):
            lengths[int(row['way_id']), int(row['seq'])] = float(row['length_m'])
    pieces = sorted(lengths)
    rng = random.Random(seed)
    with open(path, 'w') as file:
        file.write('way_id,seq,offset_m\n')
        for i in range(SOURCES):
            way_id, seq = rng.choice(pieces)
            share = (0.0, 1.0)[i % 2] if i < 6 else rng.random()
            # Rounded down, so that no offset lies beyond its piece.
            offset = int(share * lengths[way_id, seq] * 1000) / 1000
            file.write(f'{way_id},{seq},{offset:.3f}\n')


def check(name, patrolctl, shared, seed):
    network = str(shared / 'data' / name / 'network.osm.pbf')
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        subprocess.run([patrolctl, 'network', 'export', '--network', network, '--out', folder],
                       check=True)
        write_sources(out / 'arcs.csv', out / 'sources.csv', seed)
        subprocess.run([patrolctl, 'coverage', 'reach', '--network', network,
                        '--sources', str(out / 'sources.csv'), '--out', folder], check=True)
        referee = subprocess.run(
            [sys.executable, str(shared / 'check' / 'reach_referee.py'), '--network', network,
             '--arcs', str(out / 'arcs.csv'), '--sources', str(out / 'sources.csv'),
             '--nodes', str(out / 'nodes.csv'), '--pieces', str(out / 'pieces.csv'),
             '--all-ways'], stdout=subprocess.PIPE, text=True)
        print(f'{name}, seed {seed}: {referee.stdout.strip()}')
        return referee.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    for name in ('bin', 'source', 'shared'):
        parser.add_argument('--' + name, required=True, type=pathlib.Path)
    parser.add_argument('--networks', nargs='+', default=NETWORKS, metavar='NAME')
    arguments = parser.parse_args()
    patrolctl = str(arguments.bin / 'patrolctl')
    shared = arguments.shared.resolve()
    if not (shared / 'check' / 'reach_referee.py').exists():
        skip(f'no referee at {shared}/check/reach_referee.py')
    for name in arguments.networks:
        if not (shared / 'data' / name / 'network.osm.pbf').exists():
            skip(f'no {shared}/data/{name}')
    for module in ('numpy', 'scipy', 'osmium'):
        if importlib.util.find_spec(module) is None:
            skip(f'the Python module {module} is not installed')
    agreed = [check(name, patrolctl, shared, seed) for seed, name in enumerate(arguments.networks, 1)]
    return 0 if all(agreed) else 1


if __name__ == '__main__':
    sys.exit(main())
