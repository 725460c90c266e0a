"""One reach search of ours beside pgRouting's pgr_drivingDistance, on the same arcs from the same nodes, in the same run.

usage: pgrouting.py BIN_DIR SHARED_DIR

Starts a PostgreSQL server of its own: data and socket in a temporary folder, no port open to anybody, run as the user
`postgres` where this runs as root (PostgreSQL refuses root), stopped and removed at the end. Loads the Beijing network, an
edge an arc, and asks for all within 180 s of 100 nodes, every edge handed over, as its manual does. Prints milliseconds of
CPU of the server's process and of the clock, medians; the nodes reached are held against SciPy's."""
import csv
import io
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
from scipy.sparse.csgraph import dijkstra

import windows

BINARIES = pathlib.Path('/usr/lib/postgresql/15/bin')
SEARCHES = 11


class Server:
    """A throwaway PostgreSQL with pgRouting; usable as a context, gone after it."""

    def __enter__(self):
        self.user = 'postgres' if os.geteuid() == 0 else None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='patrol-pgr-'))
        if self.user:
            shutil.chown(self.folder, self.user)
        self.run('initdb', '-D', self.folder / 'data', '-A', 'trust', '-U', 'bench', '--no-sync')
        self.run('pg_ctl', '-D', self.folder / 'data', '-w', '-l', self.folder / 'log', '-o',
                 f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off -c jit=off", 'start')
        return self

    def __exit__(self, *_):
        self.run('pg_ctl', '-D', self.folder / 'data', '-m', 'immediate', 'stop')
        shutil.rmtree(self.folder)

    def run(self, program, *arguments):
        # Output to nowhere: the server would keep a pipe open.
        subprocess.run([BINARIES / program, *arguments], check=True, user=self.user, stdout=subprocess.DEVNULL, cwd='/')

    def psql(self):
        return subprocess.Popen(['psql', '-h', self.folder, '-U', 'bench', '-d', 'postgres', '-qAtX', '-v', 'ON_ERROR_STOP=1'],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, user=self.user, cwd='/')


class Session:
    """One connection, so that the process that answers it can be timed."""

    def __init__(self, server):
        self.process = server.psql()
        self.backend = int(self.ask('SELECT pg_backend_pid()')[0])

    def ask(self, sql):
        self.process.stdin.write(sql + ';\n\\echo --done\n')
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line == '--done\n':
                return lines
            lines.append(line.rstrip('\n'))
        sys.exit('psql ended')

    def copy(self, table, text):
        self.process.stdin.write(f'COPY {table} FROM STDIN (FORMAT csv);\n{text}\\.\n')
        self.ask('SELECT 1')

    def cpu_ms(self):
        return int(pathlib.Path(f'/proc/{self.backend}/schedstat').read_text().split()[0]) / 1e6


def reached_by_scipy(arcs, starts):
    ids, _, graph = windows.scipy_graph(arcs)
    times = dijkstra(graph, indices=[ids[node] for node in starts], limit=windows.REACH_S, min_only=True)
    return {node: times[i] for node, i in ids.items() if numpy.isfinite(times[i])}


def measure(session, starts, equicost):
    edges = 'SELECT id, source, target, cost, reverse_cost FROM arcs'
    search = (f"SELECT {{}} FROM pgr_drivingDistance('{edges}', ARRAY[{','.join(map(str, starts))}]::bigint[], "
              f'{windows.REACH_S}.0::float8, directed => true, equicost => {equicost})')
    session.ask(search.format('count(*)'))
    cpu, clock = [], []
    for _ in range(SEARCHES):
        before = session.cpu_ms(), time.monotonic()
        session.ask(search.format('count(*)'))
        cpu.append(session.cpu_ms() - before[0])
        clock.append((time.monotonic() - before[1]) * 1e3)
    rows = session.ask(search.format('node, min(agg_cost)') + ' GROUP BY node')
    reached = {int(node): float(cost) for node, cost in (row.split('|') for row in rows)}
    return statistics.median(cpu), statistics.median(clock), reached


def agreement(reached, expected):
    """How many of the nodes that either reaches have another time, or none, in the other."""
    return sum(abs(reached.get(n, -1) - expected.get(n, -1)) > 1e-6 for n in set(reached) | set(expected))


def main(bin_folder, shared):
    if not (BINARIES.parent.parent.parent.parent / 'share/postgresql/15/extension/pgrouting.control').exists():
        sys.exit('pgRouting is not installed (postgresql-15-pgrouting): not measured')
    ctl = pathlib.Path(bin_folder).resolve() / 'patrolctl'
    network = pathlib.Path(shared).resolve() / 'data/beijing_taxi/network.osm.pbf'
    with tempfile.TemporaryDirectory(prefix='patrol-bench-') as folder, Server() as server:
        work = pathlib.Path(folder)
        arcs = windows.export_arcs(ctl, network, work)
        starts = windows.pick_sources(arcs, work)
        session = Session(server)
        session.ask('SET client_min_messages = error; CREATE EXTENSION pgrouting CASCADE')
        version = session.ask('SELECT pgr_version()')[0]
        session.ask('CREATE TABLE arcs (id bigint, source bigint, target bigint, cost float8, reverse_cost float8)')
        text = io.StringIO()
        csv.writer(text, lineterminator='\n').writerows(
            (i, a['from_node'], a['to_node'], a['time_s'], -1) for i, a in enumerate(arcs))
        session.copy('arcs', text.getvalue())
        session.ask('ANALYZE arcs')
        alone, warm, cold = windows.our_searches(ctl, network, work)
        expected = reached_by_scipy(arcs, starts)
        print('| one search, 100 sources, 180 s | CPU ms | clock ms | nodes | unlike SciPy | times ours from scratch | warm |')
        print('| --- | --- | --- | --- | --- | --- | --- |')
        for equicost in ('false', 'true'):
            cpu, clock, reached = measure(session, starts, equicost)
            print(f'| pgRouting {version}, pgr_drivingDistance, equicost {equicost}, all {len(arcs)} arcs | {cpu:.1f} |'
                  f' {clock:.1f} | {len(reached)} | {agreement(reached, expected)} | {cpu / alone:.0f} | {cpu / warm:.0f} |', flush=True)
        print(f'| ours from scratch; lists warm; cold | {alone:.2f}; {warm:.4f}; {cold:.2f} | | | | 1 | {alone / warm:.0f} |')
        session.process.stdin.close()
        session.process.wait()


main(*sys.argv[1:])
