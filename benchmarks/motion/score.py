"""Scores the detector and `patrolctl motion run` against ground truth and prints the tables of RESULTS.md.

usage: score.py BIN_DIR SHARED_DIR [--without-peers] [--without-pixels] [--without-events] [--only CLIP]

BIN_DIR holds patrolctl and motion_subtract; SHARED_DIR holds data/video and check/motion_score.py, which does the
pixels. Pixels: native size, default settings, no post-processing by this script, at every picture and at one per
2 s; OpenCV's subtractors with their defaults on the same decoded pictures, in the same run. The thermal clips are
scored from their first picture on, learning included.
Events: events.json; an interval is missed when no event overlaps it; its start is in time from 1 s before
it until its end, its end within 3 s; a quiet one is touched when an event overlaps it."""
import argparse
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# clip, masks, what motion_score.py is told
PIXELS = (('highway', 'highway', ('--first', '470', '--last', '1700')),
          ('pedestrians', 'pedestrians', ('--first', '300', '--last', '1099')),
          ('highway_rain', 'highway', ('--first', '470', '--last', '1700')),
          ('pedestrians_jitter', 'pedestrians_jitter', ('--first', '300', '--last', '1099')))
THERMAL = ('thermal_1', 'thermal_3', 'thermal_5', 'thermal_7-1', 'thermal_7-2', 'thermal_7-3')
EVERY = 50  # one picture per 2 s of 25 a second: the clips' keyframes
# method, colours, post-processing of its own, pictures
OURS = (('ours', 'grey', '7x7 majority', 1), ('ours', 'grey', '7x7 majority', EVERY))
PEERS = tuple((method, colours, post, every)
              for method, post in (('mog2', 'shadows count as still'), ('knn', 'shadows count as still'),
                                   ('cnt', 'none'), ('gsoc', 'specks removed'))
              for colours in ('grey', 'colour') for every in (1, EVERY))
SCORE = re.compile(r'recall ([\d.]+) precision ([\d.]+) F ([\d.]+)')


def scored(shared, masks, truth, span):
    """Recall, precision and F of a folder of masks; masks may be missing at one picture per 2 s."""
    text = subprocess.run(
        ['/usr/bin/python3', shared / 'check/motion_score.py', '--truth', shared / f'data/video/{truth}.gt.png.mkv',
         '--masks', masks, *span],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    found = SCORE.search(text)
    if not found:
        return 0.0, 0.0, 0.0  # not a single true pixel
    return tuple(float(value) for value in found.groups())


def ours(program, clip, out):
    command = [program, 'motion', 'run', '--input', clip, '--out', out]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    return json.loads((pathlib.Path(out) / 'events.json').read_text())


def subtracted(options, clip, method, colours, every, masks):
    """Width, height, CPU milliseconds a picture, bytes a pixel; None when the method is not in this build."""
    size = subprocess.run(
        ['ffprobe', '-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=width,height', '-of',
         'csv=p=0', clip], stdout=subprocess.PIPE, text=True, check=True).stdout.strip().split(',')
    shutil.rmtree(masks, ignore_errors=True)
    masks.mkdir()
    decoded = (['-vf', 'extractplanes=y', '-pix_fmt', 'gray'] if colours == 'grey' else ['-pix_fmt', 'bgr24'])
    with subprocess.Popen(['ffmpeg', '-v', 'error', '-i', clip, *decoded, '-vsync', '0', '-f', 'rawvideo', '-'],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as decoder:
        result = subprocess.run([options.bin / 'motion_subtract', method, colours, *size, str(every), masks],
                                stdin=decoder.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                check=False)
        decoder.stdout.close()
    if result.returncode == 2 and 'not in this build' in result.stderr:
        return None
    if result.returncode:
        sys.exit(f'motion_subtract {method} on {clip}: {result.stderr}')
    return (*size, *(float(value) for value in result.stdout.split()))


def pixel_row(options, folder, clip, truth, span, row):
    """Prints a row; returns F."""
    method, colours, post, every = row
    masks = folder / 'masks'
    path = options.shared / f'data/video/{clip}.h264.mp4'
    figures = subtracted(options, path, method, colours, every, masks)
    if figures is None:
        return None
    width, height, milliseconds, bytes_a_pixel = figures
    recall, precision, f = scored(options.shared, masks, truth, span)
    print(f'| {clip} | {method} | {colours} | {width}x{height} | {post} | {"all" if every == 1 else "one per 2 s"} | '
          f'{recall:.3f} | {precision:.3f} | {f:.3f} | {milliseconds:.3f} | {bytes_a_pixel:.1f} |', flush=True)
    return f


def pixel_tables(options, folder):
    head = ('| clip | method | input | size | post-processing | pictures | recall | precision | F | CPU ms a picture '
            '| bytes a pixel |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |')
    print(head)
    peers = () if options.without_peers else PEERS
    best = {}
    for clip, truth, span in PIXELS:
        if options.only and options.only != clip:
            continue
        for row in OURS + peers:
            f = pixel_row(options, folder, clip, truth, span, row)
            if f is not None:
                best[clip, row] = f
    lost = [(clip, row) for (clip, row), f in best.items()
            if row[0] != 'ours' and f > best[clip, OURS[row[3] != 1]]]
    for clip, row in lost:
        print(f'\nlost: {clip} to {row[0]} {row[1]}, {"every picture" if row[3] == 1 else "one per 2 s"}')
    if options.only and not options.only.startswith('thermal'):
        return
    print('\n' + head)
    rows = [('ours-small', 'grey', '3x3 majority', 1)] + [row for row in peers if row[3] == 1]
    sums = {}
    for clip in THERMAL:
        if options.only and options.only != clip:
            continue
        for row in rows:
            f = pixel_row(options, folder, clip, clip, ('--first', '1', '--offset', '1'), row)
            if f is not None:
                sums.setdefault(row[:2], []).append(f)
    for (method, colours), values in sums.items():
        print(f'\nthermal, mean F of {len(values)}: {method} {colours} {sum(values) / len(values):.3f}')


def overlaps(interval, events):
    return any(begin <= interval[1] and interval[0] <= end for begin, end in events)


def judged(labels, events):
    """By the issue's rules: how many intervals have an event that starts inside or at most 1 s before
    them, how many an event that ends within 3 s of their end, quiet ones touched, and the event time up
    to 3 s after the last label (what follows is not labelled)."""
    onsets, ends, onset_s = 0, 0, []
    for begin, end in labels['motion']:
        starts = [event for event in events if begin - 1 <= event[0] <= end]
        onsets += bool(starts)
        onset_s += [starts[0][0] - begin] if starts else []
        last = max((event[1] for event in events if event[0] <= end and event[1] >= begin), default=None)
        ends += last is not None and abs(last - end) <= 3
    known = max(end for _, end in labels['motion']) + 3
    told = sum(min(end, known) - begin for begin, end in events if begin < known)
    touched = sum(overlaps(interval, events) for interval in labels['quiet'])
    return onsets, ends, onset_s, touched, told


def event_table(options, folder):
    truth = json.loads((options.shared / 'data/video/events.json').read_text())
    print('\n| clip | missed | starts in time | ends in time | quiet touched | event time / labelled | ratio | '
          'latest onset | CPU ms a picture |')
    print('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
    total_told = total_moving = 0
    onsets_s = []
    for name, labels in truth.items():
        if name.startswith('_') or (options.only and options.only not in name):
            continue
        summary = ours(options.bin / 'patrolctl', options.shared / f'data/video/{name}', folder / 'out')
        events = summary['motion']
        count = len(labels['motion'])
        missed = sum(not overlaps(interval, events) for interval in labels['motion'])
        onsets, ends, onset_s, touched, told = judged(labels, events)
        moving = sum(end - begin for begin, end in labels['motion'])
        total_told += told
        total_moving += moving
        onsets_s += onset_s
        latest = f'{max(onset_s):+.1f} s' if onset_s else '-'
        print(f'| {name} | {missed} of {count} | {onsets} | {ends} | {touched} of {len(labels["quiet"])} | '
              f'{told:.1f} s / {moving:.1f} s | {told / moving:.2f} | {latest} | '
              f'{summary["analysis_cpu_ms_per_picture"]:.3f} |', flush=True)
    if total_moving:
        print(f'\nall of them: event time {total_told:.1f} s / labelled {total_moving:.1f} s = '
              f'{total_told / total_moving:.2f}')
    if onsets_s:
        p95 = sorted(onsets_s)[math.ceil(0.95 * len(onsets_s)) - 1]
        print(f'onsets of {len(onsets_s)}: p95 {p95:+.1f} s, worst {max(onsets_s):+.1f} s')
    if not options.only:
        summary = ours(options.bin / 'patrolctl', options.shared / 'data/video/wavingtrees.h264.mp4',
                       folder / 'out')
        print(f'\nwavingtrees (a man enters at 16.1 s of 19.1): events {summary["motion"]}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('bin', type=pathlib.Path)
    parser.add_argument('shared', type=pathlib.Path)
    parser.add_argument('--without-peers', action='store_true')
    parser.add_argument('--without-events', action='store_true')
    parser.add_argument('--without-pixels', action='store_true')
    parser.add_argument('--only')
    options = parser.parse_args()
    if not (options.shared / 'data/video').is_dir():
        print(f'skipped: {options.shared}/data/video is not here')
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if not options.without_pixels:
            pixel_tables(options, pathlib.Path(folder))
        if not options.without_events:
            event_table(options, pathlib.Path(folder))
    return 0


if __name__ == '__main__':
    sys.exit(main())
