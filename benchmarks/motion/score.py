"""Scores `patrolctl motion run` against ground truth and prints the tables of RESULTS.md.

usage: score.py BIN_DIR SHARED_DIR [--without-opencv] [--without-pixels] [--only CLIP]

BIN_DIR holds patrolctl; SHARED_DIR holds data/video and check/motion_score.py, which does the pixels.
Pixels: native size, default settings, no post-processing by this script. Ours also at one picture per
GOP (2 s). OpenCV's MOG2 with its defaults on the same decoded luma, in the same run.
Events: events.json; an interval is missed when no event overlaps it; its start is in time from 1 s before
it until its end, its end within 3 s; a quiet one is touched when an event overlaps it."""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

# clip, masks, first and last frame to score
PIXELS = (('highway', 'highway', 470, 1700), ('pedestrians', 'pedestrians', 300, 1099),
          ('highway_rain', 'highway', 470, 1700), ('pedestrians_jitter', 'pedestrians_jitter', 300, 1099))
SCORE = re.compile(r'recall ([\d.]+) precision ([\d.]+) F ([\d.]+)')


def scored(shared, masks, truth, first, last):
    """Recall, precision and F of a folder of masks; masks may be missing at one picture per GOP."""
    text = subprocess.run(
        ['/usr/bin/python3', shared / 'check/motion_score.py', '--truth', shared / f'data/video/{truth}.gt.png.mkv',
         '--masks', masks, '--first', str(first), '--last', str(last)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    found = SCORE.search(text)
    if not found:
        sys.exit(f'motion_score.py on {masks}: {text}')
    return tuple(float(value) for value in found.groups())


def ours(program, clip, out, masks, every):
    command = [program, 'motion', 'run', '--input', clip, '--out', out, '--every', every]
    if masks:
        command += ['--masks-out', masks]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    return json.loads((pathlib.Path(out) / 'events.json').read_text())


def opencv(program, clip, masks):
    """Milliseconds a picture."""
    size = subprocess.run(
        ['ffprobe', '-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=width,height', '-of',
         'csv=p=0', clip], stdout=subprocess.PIPE, text=True, check=True).stdout.strip().split(',')
    pathlib.Path(masks).mkdir()
    decoder = subprocess.Popen(['ffmpeg', '-v', 'error', '-i', clip, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'],
                               stdout=subprocess.PIPE)
    result = subprocess.run([program, *size, 'mog2', masks], stdin=decoder.stdout, stdout=subprocess.PIPE,
                            text=True, check=True)
    decoder.stdout.close()
    decoder.wait()
    return float(result.stdout)


def compiled(folder):
    program = folder / 'opencv_subtractor'
    source = pathlib.Path(__file__).resolve().parent / 'opencv_subtractor.cc'
    libraries = [f'-lopencv_{module}' for module in ('core', 'imgproc', 'imgcodecs', 'video')]
    subprocess.run(['g++', '-O2', '-std=c++17', '-isystem', '/usr/include/opencv4', source, '-o', program,
                    *libraries], check=True)
    return program


def pixel_table(options, folder):
    print('| clip | detector | pictures | recall | precision | F | CPU ms a picture |')
    print('| --- | --- | --- | --- | --- | --- | --- |')
    subtractor = None if options.without_opencv else compiled(folder)
    for clip, truth, first, last in PIXELS:
        if options.only and options.only != clip:
            continue
        path = options.shared / f'data/video/{clip}.h264.mp4'
        rows = []
        for every in ('frame', 'keyframe'):
            masks = folder / f'{clip}.{every}'
            summary = ours(options.bin / 'patrolctl', path, folder / 'out', masks, every)
            rate = 'all' if every == 'frame' else 'one per GOP'
            rows.append(('ours', rate, masks, summary['analysis_cpu_ms_per_picture']))
        if subtractor:
            masks = folder / f'{clip}.mog2'
            rows.append(('MOG2 grey', 'all', masks, opencv(subtractor, path, masks)))
        for name, rate, masks, milliseconds in rows:
            recall, precision, f = scored(options.shared, masks, truth, first, last)
            print(f'| {clip} | {name} | {rate} | {recall:.3f} | {precision:.3f} | {f:.3f} | {milliseconds:.3f} |',
                  flush=True)


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
    for name, labels in truth.items():
        if name.startswith('_') or (options.only and options.only not in name):
            continue
        summary = ours(options.bin / 'patrolctl', options.shared / f'data/video/{name}', folder / 'out', None,
                       'frame')
        events = summary['motion']
        count = len(labels['motion'])
        missed = sum(not overlaps(interval, events) for interval in labels['motion'])
        onsets, ends, onset_s, touched, told = judged(labels, events)
        moving = sum(end - begin for begin, end in labels['motion'])
        total_told += told
        total_moving += moving
        latest = f'{max(onset_s):+.1f} s' if onset_s else '-'
        print(f'| {name} | {missed} of {count} | {onsets} | {ends} | {touched} of {len(labels["quiet"])} | '
              f'{told:.1f} s / {moving:.1f} s | {told / moving:.2f} | {latest} | '
              f'{summary["analysis_cpu_ms_per_picture"]:.3f} |', flush=True)
    if total_moving:
        print(f'\nall of them: event time {total_told:.1f} s / labelled {total_moving:.1f} s = '
              f'{total_told / total_moving:.2f}')
    if not options.only:
        summary = ours(options.bin / 'patrolctl', options.shared / 'data/video/wavingtrees.h264.mp4',
                       folder / 'out', None, 'frame')
        print(f'\nwavingtrees (a man enters at 16.1 s of 19.1): events {summary["motion"]}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('bin', type=pathlib.Path)
    parser.add_argument('shared', type=pathlib.Path)
    parser.add_argument('--without-opencv', action='store_true')
    parser.add_argument('--without-pixels', action='store_true')
    parser.add_argument('--only')
    options = parser.parse_args()
    if not (options.shared / 'data/video').is_dir():
        print(f'skipped: {options.shared}/data/video is not here')
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if not options.without_pixels:
            pixel_table(options, pathlib.Path(folder))
        event_table(options, pathlib.Path(folder))
    return 0


if __name__ == '__main__':
    sys.exit(main())
