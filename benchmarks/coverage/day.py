"""A whole day of about 100 units on a network of 32,000 nodes, and live coverage on it.

usage: day.py BIN_DIR SHARED_DIR [--second] [--days N]

Makes the day out of the given Beijing tracks (make_day.py) with 42 square areas (make_grid.py), runs `coverage run --timing`
on it with one thread and with all, compares the two folders byte by byte, and builds and runs live_bench.cc on the network
and on five copies of it side by side (155,000 nodes). `--second` adds the day at steps of one second, `--days 31` a month at
ten seconds (its matching takes half an hour). CPU seconds are those of all threads; the clock shows other work as well."""
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def python(script, *arguments):
    return subprocess.run(['/usr/bin/python3', HERE / script, *arguments], check=True, capture_output=True, text=True).stdout


def run(ctl, network, areas, fixes, out, *more):
    command = ['/usr/bin/time', '-f', 'whole %U %S %e %M', ctl, 'coverage', 'run', '--network', network, '--areas', areas,
               '--fixes', fixes, '--out', out, '--timing', *more]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    parts = dict(re.findall(r'^(\w+): ([0-9.]+) s of CPU', told, re.M))
    user, system, clock, memory = re.search(r'whole (\S+) (\S+) (\S+) (\S+)', told).groups()
    cells = [parts[part] for part in ('read', 'matched', 'covered', 'written')]
    return f'{" | ".join(cells)} | {float(user) + float(system):.2f} | {clock} | {int(memory) / 1024:.0f}'


def build_live_bench(bin_folder, out):
    """Links the benchmark with the rooms that the build beside `bin_folder` has made."""
    build, source = bin_folder.parent, HERE.parents[1]
    libraries = [build / f'libpatrol_{room}.a' for room in ('coverage', 'tracks', 'roadnet', 'geo', 'base')]
    link = subprocess.run(['ninja', '-C', build, '-t', 'commands', 'patrolctl'], check=True, capture_output=True,
                          text=True).stdout.splitlines()[-1]
    foreign = [word for word in link.split() if word.startswith(('/usr/lib', '-l')) and 'patrol' not in word]
    subprocess.run(['g++', '-std=c++20', '-O2', f'-I{source}', HERE / 'live_bench.cc', '-o', out, *libraries, *foreign,
                    '-lpthread'], check=True)


def main(bin_folder, shared, *flags):
    bin_folder = pathlib.Path(bin_folder).resolve()
    ctl, data = bin_folder / 'patrolctl', pathlib.Path(shared).resolve() / 'data/beijing_taxi'
    days = int(flags[flags.index('--days') + 1]) if '--days' in flags else 1
    with tempfile.TemporaryDirectory(prefix='patrol-bench-') as folder:
        work = pathlib.Path(folder)
        network = data / 'network.osm.pbf'
        python('make_grid.py', network, work / 'areas.geojson')
        print(python('make_day.py', bin_folder, data, work / 'fixes.csv', '--hours', str(24 * days)).strip())
        print('| window, CPU s | read | matched | covered | written | whole | clock | peak MB |')
        print('| --- | --- | --- | --- | --- | --- | --- | --- |')
        inputs = ctl, network, work / 'areas.geojson', work / 'fixes.csv'
        print(f'| {days} day(s), 10 s steps, one thread | {run(*inputs, work / "one", "--threads", "1")} |', flush=True)
        print(f'| {days} day(s), 10 s steps, a thread a core | {run(*inputs, work / "all")} |', flush=True)
        same = subprocess.run(['diff', '-r', work / 'one', work / 'all'], check=False).returncode == 0
        if '--second' in flags:
            print(f'| {days} day(s), 1 s steps, a thread a core | {run(*inputs, work / "second", "--step", "1s")} |', flush=True)
        print(f'\nfiles of one thread and of many: {"the same bytes" if same else "DIFFERENT"}\n')
        build_live_bench(bin_folder, work / 'live_bench')
        print(subprocess.run([work / 'live_bench', network, work / 'areas.geojson', work / 'fixes.csv', '100'], check=True,
                             capture_output=True, text=True).stdout)
        python('tile_network.py', network, work / 'tiled.osm.pbf', '5')
        python('make_grid.py', work / 'tiled.osm.pbf', work / 'tiled.geojson')
        print(subprocess.run([work / 'live_bench', work / 'tiled.osm.pbf', work / 'tiled.geojson', '-', '1000'], check=True,
                             capture_output=True, text=True).stdout)
        if not same:
            sys.exit(1)


main(*sys.argv[1:])
