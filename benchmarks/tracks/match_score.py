"""Scores `patrolctl match run` on tracks with ground truth and prints the tables of RESULTS.md.

usage: match_score.py BIN_DIR SHARED_DIR [--only accuracy|curve|speed|online] [--kubicka DIR] [--each]

BIN_DIR holds patrolctl; SHARED_DIR holds data/ (kubicka, beijing_taxi, athens_small) and
check/match_score.py, the referee. Lengths are summed over all tracks: recovered = matched length that
is in the truth / truth length, false = matched length that is not / truth length.

accuracy  all fixes, scored by the referee.
curve     Kubicka's fixes thinned to one in so many seconds, then a share of them dropped at random
          (seeded by track and share); scored here by the referee's arithmetic, which is compared with
          the referee's own on the first track. `over gaps` are metres of path told for the time of a
          gap longer than stale_after, 60 s.
online    the same paths as a live path tells them, with a bounded delay: how much worse they get, what they
          lack of the whole tracks' paths and have beyond them (shares of the length of those), how many
          fixes were settled by the delay rather than because they were certain, and the mean delay.
speed     fixes a second of one core (user CPU), of the matching alone and of the whole program with
          reading and writing, and the peak memory."""
import argparse
import collections
import csv
import datetime
import json
import math
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import osmium

TOTAL = re.compile(r'all: truth ([\d.]+) km recovered ([\d.]+)% false ([\d.]+)%')
STALE_S = 60


def run_match(program, folder, fixes, out, more=()):
    """Tally of `match run`, the program's user CPU (s) and its peak memory (MB)."""
    command = [program, '--format', 'json', 'match', 'run', '--network', folder / 'network.osm.pbf',
               '--fixes', fixes, '--out', out, *more]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    text = child.stdout.read()
    faults = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        sys.exit(f'{folder}: match run failed: {faults}')
    return json.loads(text), usage.ru_utime, usage.ru_maxrss / 1024


def by_referee(referee, folder, path):
    """Truth, recovered and false metres, by the referee."""
    text = subprocess.run(
        ["/usr/bin/python3", referee, '--quiet', '--network', folder / 'network.osm.pbf', '--truth',
         folder / 'truth.csv', '--path', path], check=True, capture_output=True, text=True).stdout
    truth_km, recovered, false = map(float, TOTAL.search(text).groups())
    return truth_km * 1000, truth_km * 10 * recovered, truth_km * 10 * false


class Truth:
    """The truth of one folder, to score many paths against; as the referee does."""

    def __init__(self, folder):
        places = {}

        class Nodes(osmium.SimpleHandler):
            def node(self, node):
                places[node.id] = (node.location.lon, node.location.lat)
        Nodes().apply_file(str(folder / 'network.osm.pbf'))
        self.places = places
        self.segments = self.read(folder / 'truth.csv')

    def metres(self, segment):
        (lon1, lat1), (lon2, lat2) = self.places[segment[0]], self.places[segment[1]]
        f1, f2 = math.radians(lat1), math.radians(lat2)
        h = (math.sin((f2 - f1) / 2) ** 2 +
             math.cos(f1) * math.cos(f2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2)
        return 2 * 6371008.8 * math.asin(math.sqrt(h))

    @staticmethod
    def read(path):
        rows = collections.defaultdict(list)
        with open(path) as file:
            for row in csv.DictReader(file):
                rows[row['unit_id']].append((int(row['seq']), row['node_id'].strip()))
        segments = {}
        for unit, nodes in rows.items():
            counted = segments[unit] = collections.Counter()
            before = None
            for _, node in sorted(nodes):
                if node and before and node != before:
                    counted[tuple(sorted((int(before), int(node))))] += 1
                before = node
        return segments

    def length(self, segments):
        return sum(self.metres(segment) * count for segment, count in segments.items())

    def apart(self, paths, whole):
        """Metres of the whole tracks' paths, and of `paths` what they lack of them and have beyond."""
        nothing = collections.Counter()
        totals = [sum(map(self.length, whole.values())), 0.0, 0.0]
        for unit in whole.keys() | paths.keys():
            told, of_whole = paths.get(unit, nothing), whole.get(unit, nothing)
            totals[1] += self.length(of_whole - told)
            totals[2] += self.length(told - of_whole)
        return totals

    def score(self, path):
        """Truth, recovered and false metres of a path.csv."""
        paths = self.read(path)
        totals = [0.0, 0.0, 0.0]
        for unit, truth in self.segments.items():
            matched = paths.get(unit, collections.Counter())
            recovered = self.length(truth & matched)
            totals[0] += self.length(truth)
            totals[1] += recovered
            totals[2] += self.length(matched) - recovered
        return totals

    def over_gaps(self, fixes, path):
        """Metres of path between two nodes told within, or on both sides of, a stale gap."""
        times = collections.defaultdict(list)
        with open(fixes) as file:
            for row in csv.DictReader(file):
                times[row['unit_id']].append(parse(row['time']))
        gaps = {unit: [(a, b) for a, b in zip(stamps, stamps[1:]) if b - a > STALE_S]
                for unit, stamps in times.items()}
        metres = 0.0
        before = None
        with open(path) as file:
            for row in csv.DictReader(file):
                now = (row['unit_id'], row['node_id'], row['node_id'] and parse(row['time']))
                if before and now[1] and before[1] and now[0] == before[0] and now[1] != before[1]:
                    # A path that ends at a gap tells the end of its last piece as well.
                    if any(before[2] < b and now[2] > a for a, b in gaps[now[0]]):
                        metres += self.metres((int(before[1]), int(now[1])))
                before = now
        return metres


def parse(time):
    return datetime.datetime.fromisoformat(time.replace('Z', '+00:00')).timestamp()


def thinned(fixes, seconds, drop, target):
    """Copies a CSV of fixes: of each unit's those that are `seconds` apart or more, less `drop` of
    them."""
    last = {}
    with open(fixes) as source, open(target, 'w', newline='') as sink:
        rows = csv.DictReader(source)
        writer = csv.DictWriter(sink, rows.fieldnames)
        writer.writeheader()
        chance = random.Random(f'{fixes.parent.name} {seconds} {drop}')
        for row in rows:
            time = parse(row['time'])
            if row['unit_id'] in last and time - last[row['unit_id']] < seconds:
                continue
            last[row['unit_id']] = time
            if chance.random() >= drop:
                writer.writerow(row)
    return target


def print_accuracy(program, referee, sets, each):
    print('| tracks | truth km | recovered | false | fixes |')
    print('| --- | --- | --- | --- | --- |')
    for name, folders in sets.items():
        total = [0.0, 0.0, 0.0]
        fixes = 0
        for folder in folders:
            with tempfile.TemporaryDirectory() as out:
                tally, _, _ = run_match(program, folder, folder / 'fixes.csv', out)
                metres = by_referee(referee, folder, pathlib.Path(out) / 'path.csv')
            total = [a + b for a, b in zip(total, metres)]
            fixes += tally['fixes']
            if each:
                print(f'{folder.name}: {metres[0] / 1000:.2f} km recovered {metres[1] / metres[0]:.3%}'
                      f' false {metres[2] / metres[0]:.3%}')
        print(f'| {name} | {total[0] / 1000:.1f} | {total[1] / total[0]:.2%} |'
              f' {total[2] / total[0]:.2%} | {fixes} |', flush=True)


def print_curve(program, referee, folders):
    truths = {folder: Truth(folder) for folder in folders}
    print('| a fix each | dropped | recovered | false | over gaps |')
    print('| --- | --- | --- | --- | --- |')
    checked = False
    for seconds in (5, 10, 30, 60):
        for drop in (0, 0.1, 0.3, 0.6):
            total = [0.0, 0.0, 0.0, 0.0]
            for folder in folders:
                with tempfile.TemporaryDirectory() as out:
                    out = pathlib.Path(out)
                    fixes = thinned(folder / 'fixes.csv', seconds, drop, out / 'thinned.csv')
                    if len(fixes.read_text().splitlines()) > 1:
                        run_match(program, folder, fixes, out)
                    else:  # all were dropped
                        (out / 'path.csv').write_text('unit_id,seq,node_id,time,way_id\n')
                    metres = truths[folder].score(out / 'path.csv')
                    if not checked:
                        theirs = by_referee(referee, folder, out / 'path.csv')
                        if max(abs(a - b) for a, b in zip(metres, theirs)) > 1e-4 * theirs[0] + 10:
                            sys.exit(f'{folder}: scored {metres}, the referee says {theirs}')
                        checked = True
                    metres.append(truths[folder].over_gaps(fixes, out / 'path.csv'))
                total = [a + b for a, b in zip(total, metres)]
            print(f'| {seconds} s | {drop:.0%} | {total[1] / total[0]:.2%} | {total[2] / total[0]:.2%} |'
                  f' {total[3]:.0f} m |', flush=True)


def print_online(program, sets):
    delays = ('offline', 'inf', '120s', '60s', '30s', '0s')
    print('| tracks | a fix each | delay at most | recovered | false | lacks | has beyond |'
          ' settled by the delay | mean delay |')
    print('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
    for name, seconds, folders in sets:
        totals = {delay: collections.Counter() for delay in delays}
        for folder in folders:
            truth = Truth(folder)
            with tempfile.TemporaryDirectory() as out:
                out = pathlib.Path(out)
                fixes = folder / 'fixes.csv'
                if seconds > 1:
                    fixes = thinned(fixes, seconds, 0, out / 'thinned.csv')
                for delay in delays:
                    more = () if delay == 'offline' else ('--online', '--delay', delay)
                    tally, _, _ = run_match(program, folder, fixes, out, more)
                    metres = truth.score(out / 'path.csv')
                    totals[delay].update(dict(zip(('truth', 'recovered', 'false'), metres)))
                    told = truth.read(out / 'path.csv')
                    if delay == 'offline':
                        whole = told
                    totals[delay].update(
                        dict(zip(('whole', 'lacks', 'beyond'), truth.apart(told, whole))))
                    totals[delay].update(fixes=tally['fixes'], forced=tally.get('forced', 0),
                                         delay_s=tally.get('delay_mean_s', 0) * tally['fixes'])
        for delay, total in totals.items():
            share = '' if delay == 'offline' else f"{total['forced'] / total['fixes']:.1%}"
            mean = '' if delay == 'offline' else f"{total['delay_s'] / total['fixes']:.1f} s"
            print(f"| {name} | {seconds} s | {delay} |"
                  f" {total['recovered'] / total['truth']:.2%} | {total['false'] / total['truth']:.2%} |"
                  f" {total['lacks'] / total['whole']:.2%} | {total['beyond'] / total['whole']:.2%} |"
                  f' {share} | {mean} |', flush=True)


def print_speed(program, sets):
    print('| tracks | fixes | fixes/s, matching | fixes/s, whole program | peak MB |')
    print('| --- | --- | --- | --- | --- |')
    for name, folders in sets.items():
        fixes, match_s, user_s, peak_mb = 0, 0.0, 0.0, 0.0
        for folder in folders:
            with tempfile.TemporaryDirectory() as out:
                tally, user, peak = run_match(program, folder, folder / 'fixes.csv', out)
            fixes += tally['fixes']
            match_s += tally['match_cpu_s']
            user_s += user
            peak_mb = max(peak_mb, peak)
        print(f'| {name} | {fixes} | {fixes / match_s:.0f} | {fixes / user_s:.0f} | {peak_mb:.0f} |',
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bin', type=pathlib.Path)
    parser.add_argument('shared', type=pathlib.Path)
    parser.add_argument('--only', choices=['accuracy', 'curve', 'speed', 'online'])
    parser.add_argument('--kubicka', type=pathlib.Path, help='folder of other tracks of that form')
    parser.add_argument('--each', action='store_true', help='a line per track')
    arguments = parser.parse_args()
    data = arguments.shared / 'data'
    referee = arguments.shared / 'check' / 'match_score.py'
    program = arguments.bin / 'patrolctl'
    kubicka = sorted((arguments.kubicka or data / 'kubicka').glob('[0-9][0-9]'))
    sets = {'kubicka': kubicka, 'beijing_taxi': [data / 'beijing_taxi']}
    if arguments.only in (None, 'accuracy'):
        print_accuracy(program, referee, sets, arguments.each)
    if arguments.only in (None, 'speed'):
        print_speed(program, sets | {'athens_small': [data / 'athens_small']})
    if arguments.only in (None, 'online'):
        print_online(program, [('beijing_taxi', 60, sets['beijing_taxi']), ('kubicka', 30, kubicka),
                               ('kubicka', 1, kubicka)])
    if arguments.only in (None, 'curve'):
        print_curve(program, referee, kubicka)


if __name__ == '__main__':
    main()
