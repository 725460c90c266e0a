"""A whole day of about 100 units on a network of 32,000 nodes, and live coverage on it.

usage: day.py BIN_DIR SHARED_DIR [--runs N] [--second] [--month] [--backup] [--no-live]

Makes the day out of the given Beijing tracks (make_day.py) with 42 square areas (make_grid.py) and runs `coverage run
--timing` on it, with one thread and with one a core, N times each (1): a row a case, medians of the runs. The folders of
both are compared byte by byte. `--second` adds the day at steps of one second, `--month` the day 31 times over, each time a
day later, at steps of ten seconds, `--backup` the day with backup coverage. Then builds and runs live_bench.cc on the
network and on five copies of it side by side (155,000 nodes), unless `--no-live`.

CPU is that of all threads; the clock counts when nothing else runs. *From paths*: covered, visits and written; *whole*: from
raw fixes, reading the network and all."""
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PARTS = ('read', 'matched', 'covered', 'visits', 'written')
FROM_PATHS = PARTS[2:]


def python(script, *arguments):
    return subprocess.run(['/usr/bin/python3', HERE / script, *arguments], check=True, capture_output=True, text=True).stdout


def run_once(command):
    """Of each part, the clock's and the CPU's seconds; peak memory, MB."""
    told = subprocess.run(['/usr/bin/time', '-f', 'whole: %U %S %e %M', *command], check=True, capture_output=True, text=True).stderr
    seconds = {part: (float(clock), float(cpu))
               for part, cpu, clock in re.findall(r'^(\w+): ([0-9.]+) s of CPU, ([0-9.]+) s', told, re.M)}
    user, system, clock, kilobytes = map(float, re.search(r'whole: (\S+) (\S+) (\S+) (\S+)', told).groups())
    seconds['whole'] = clock, user + system
    seconds['paths'] = tuple(sum(seconds[part][i] for part in FROM_PATHS) for i in range(2))
    return seconds, kilobytes / 1024


def row(name, runs, inputs, out, *more):
    ctl, network, areas, fixes = inputs
    command = [ctl, 'coverage', 'run', '--network', network, '--areas', areas, '--fixes', fixes, '--out', out, '--timing', *more]
    done = [run_once(command) for _ in range(runs)]
    cells = [name, str(runs)]
    for part in ('paths', 'whole', *PARTS):
        clock, cpu = (statistics.median(seconds[part][i] for seconds, _ in done) for i in range(2))
        cells.append(f'{clock:.2f} / {cpu:.2f}')
    print(f'| {" | ".join(cells)} | {max(memory for _, memory in done):.0f} |', flush=True)


def make_month(day, out):
    """The day 31 times over, each a day later. A day's first minute is left out: units are elsewhere then than at the end of
    the day before, and nobody drives so fast."""
    header, *rows = day.read_text().splitlines(keepends=True)
    with open(out, 'w') as file:
        file.write(header)
        file.writelines(rows)
        for later in range(1, 31):
            date = f'2026-03-{2 + later:02}T' if later < 30 else '2026-04-01T'
            file.writelines(text.replace('2026-03-02T', date, 1) for text in rows if '2026-03-02T00:00:' not in text)


def build_live_bench(bin_folder, out):
    """Links the benchmark with the rooms that the build beside `bin_folder` has made."""
    build, source = bin_folder.parent, HERE.parents[1]
    libraries = [build / f'libpatrol_{room}.a' for room in ('coverage', 'tracks', 'roadnet', 'geo', 'base')]
    link = subprocess.run(['ninja', '-C', build, '-t', 'commands', 'patrolctl'], check=True, capture_output=True,
                          text=True).stdout.splitlines()[-1]
    foreign = [word for word in link.split() if word.startswith(('/usr/lib', '-l')) and 'patrol' not in word]
    subprocess.run(['g++', '-std=c++20', '-O2', f'-I{source}', HERE / 'live_bench.cc', '-o', out, *libraries, *foreign,
                    '-lpthread'], check=True)


def live(bin_folder, network, work):
    build_live_bench(bin_folder, work / 'live_bench')
    python('tile_network.py', network, work / 'tiled.osm.pbf', '5')
    python('make_grid.py', work / 'tiled.osm.pbf', work / 'tiled.geojson')
    for arguments in ([network, work / 'areas.geojson', work / 'fixes.csv', '100'],
                      [work / 'tiled.osm.pbf', work / 'tiled.geojson', '-', '1000']):
        print(subprocess.run([work / 'live_bench', *arguments], check=True, capture_output=True, text=True).stdout)


def main(bin_folder, shared, *flags):
    bin_folder = pathlib.Path(bin_folder).resolve()
    ctl, data = bin_folder / 'patrolctl', pathlib.Path(shared).resolve() / 'data/beijing_taxi'
    runs = int(flags[flags.index('--runs') + 1]) if '--runs' in flags else 1
    with tempfile.TemporaryDirectory(prefix='patrol-bench-') as folder:
        work = pathlib.Path(folder)
        network = data / 'network.osm.pbf'
        python('make_grid.py', network, work / 'areas.geojson')
        print(python('make_day.py', bin_folder, data, work / 'fixes.csv').strip())
        print(f'\n| seconds of the clock / of CPU | runs | from paths | whole | {" | ".join(PARTS)} | peak MB |')
        print('| --- ' * 10 + '|')
        inputs = ctl, network, work / 'areas.geojson', work / 'fixes.csv'
        row('a day, 10 s steps, one thread', runs, inputs, work / 'one', '--threads', '1')
        row('a day, 10 s steps, a thread a core', runs, inputs, work / 'all')
        same = subprocess.run(['diff', '-r', work / 'one', work / 'all'], check=False).returncode == 0
        if '--backup' in flags:
            row('the same with --backup', runs, inputs, work / 'backup', '--backup')
        if '--second' in flags:
            row('a day, 1 s steps, a thread a core', runs, inputs, work / 'second', '--step', '1s')
        if '--month' in flags:
            make_month(work / 'fixes.csv', work / 'month.csv')
            row('31 days, 10 s steps, a thread a core', runs, (*inputs[:3], work / 'month.csv'), work / 'month')
            (work / 'month.csv').unlink()
        print(f'\nfiles of one thread and of many: {"the same bytes" if same else "DIFFERENT"}\n')
        if '--no-live' not in flags:
            live(bin_folder, network, work)
        if not same:
            sys.exit(1)


main(*sys.argv[1:])
