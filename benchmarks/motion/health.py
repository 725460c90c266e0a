"""Picture health: each state, made from real clips at several severities, and what is told of untouched clips.

usage: health.py BIN_DIR SHARED_DIR [--only STATE] [--quick]

A clip's first pictures at 480 pixels width; from the 8th second on a filter of FFmpeg does the damage, the
way it would come about (coded after it, at 400 kbit/s; noise at constant quality, because at that rate the
coder takes it away again; a frozen picture at a constant quantiser, so that it stays the same picture). Found:
`patrolctl motion run` tells the state, with an onset within 4 s of the damage. False: state-seconds told of
untouched clips per second of them, but for what is true of them (TRUE)."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

FROM_S, LENGTH_S, WIDTH = 8, 20, 480
CLIPS = ('car-detection.mp4', 'one-by-one-person-detection.mp4', 'pedestrians.h264.mp4', 'highway.h264.mp4')
UNTOUCHED = CLIPS + ('bottle-detection.mp4', 'lowlight_yard.h264.mp4', 'wavingtrees.h264.mp4',
                     'highway_rain.h264.mp4', 'pedestrians_jitter.h264.mp4', 'thermal_1.h264.mp4',
                     'thermal_3.h264.mp4', 'thermal_5.h264.mp4')
TRUE = {('lowlight_yard.h264.mp4', 'low_light')}  # README of the data: a very dark yard
ON = f"enable='gte(t,{FROM_S})'"
# state: severities from mild to strong, each a filter that is off before FROM_S
STATES = {
    'black': [f"lutyuv=y='16+(val-16)*{k}':{ON}" for k in (0.08, 0.03, 0)],
    'over_exposed': [f"lutyuv=y='min(235,val*{g}+{o})':{ON}" for g, o in ((2, 90), (3, 120), (4, 200))],
    'low_light': [f"lutyuv=y='16+(val-16)*{k}':{ON}" for k in (0.22, 0.18, 0.14)],
    # What lies on the lens is far out of focus, lets some light through, and the sensor's noise stays.
    'covered': [f"drawbox=x=0:y=0:w=iw*{share}:h=ih:color={colour}@{dense}:t=fill:{ON},gblur=sigma=14:{ON},"
                f"noise=alls=10:allf=t:{ON}"
                for share, colour, dense in ((0.9, '0x3a3028', 0.97), (1, '0x504038', 0.95), (1, '0x707070', 0.9))],
    'defocused': [f'gblur=sigma={sigma}:{ON}' for sigma in (2, 4, 8)],
    'noisy': [f'noise=alls={s}:allf=t:{ON}' for s in (30, 50, 80)],
    'banded': [f"geq=lum='clip(lum(X,Y)+{a}*sin(Y*0.18+N),16,235)':cb='cb(X,Y)':cr='cr(X,Y)':{ON}" for a in (20, 35, 60)],
    'signal_lost': [f'drawbox=x=0:y=0:w=iw:h=ih:color={c}:t=fill:{ON}' for c in ('blue', '0x0000a0', '0x808080')],
}
# The same view, that many pixels of 480 further right and down: 3 to 11 % of the width. Told as moved.
KNOCKS = ((14, 0), (30, 0), (0, 24), (48, 20))


def run(patrolctl, clip, folder):
    out = folder / 'out'
    subprocess.run([patrolctl, 'motion', 'run', '--input', clip, '--out', out], stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE, check=True)
    return json.loads((out / 'events.json').read_text())


RATE = ('-b:v', '400k')


def coded(source, target, filters, rate=RATE):
    subprocess.run(
        ['ffmpeg', '-v', 'error', '-y', *source, '-t', str(LENGTH_S), '-filter_complex', filters, '-an', '-r', '8',
         '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '16', *rate, '-pix_fmt', 'yuv420p', target],
        check=True)


def damaged(shared, folder, name, state):
    """Clips of one state, mild to strong."""
    path = shared / 'data/video' / name
    small = f'fps=8,scale={WIDTH}:-2'
    target = folder / 'damaged.mp4'
    if state == 'frozen':
        coded(['-i', path], target, f'[0:v]{small},loop=loop=400:size=1:start={FROM_S * 8},setpts=N/8/TB',
              ('-qp', '28'))
        yield 'looped picture', target
        return
    if state == 'knocked':
        for right, down in KNOCKS:
            coded(['-stream_loop', '-1', '-i', path], target,
                  f'[0:v]fps=8,scale=600:-2,crop={WIDTH}:270:'
                  f"x='40+if(gte(t,{FROM_S}),{right},0)':y='20+if(gte(t,{FROM_S}),{down},0)'")
            yield f'by {right}, {down} pixels', target
        return
    if state == 'moved':
        for other in ((CLIPS[(CLIPS.index(name) + 1) % len(CLIPS)]), None, CLIPS[(CLIPS.index(name) + 2) % len(CLIPS)]):
            if other is None:
                coded(['-i', path], target, f"[0:v]{small},split[a][b];[b]crop=iw*0.6:ih*0.6:iw*0.4:ih*0.4,scale={WIDTH}:-2[c];"
                      f"[a][c]overlay=0:0:{ON}")
            else:
                coded(['-i', path, '-stream_loop', '-1', '-i', shared / 'data/video' / other], target,
                      f"[1:v]{small}[b0];[0:v]{small}[a];[b0][a]scale2ref=w=iw:h=ih[b][a2];[a2][b]overlay=0:0:{ON}")
            yield other or 'turned and zoomed', target
        return
    for number, filters in enumerate(STATES[state]):
        coded(['-stream_loop', '-1', '-i', path], target, f'[0:v]{small},{filters}',
              ('-crf', '20') if state == 'noisy' else RATE)
        yield f'severity {number + 1}', target


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('bin', type=pathlib.Path)
    parser.add_argument('shared', type=pathlib.Path)
    parser.add_argument('--only')
    parser.add_argument('--quick', action='store_true', help='the first two clips only')
    options = parser.parse_args()
    if not (options.shared / 'data/video').is_dir():
        print(f'skipped: {options.shared}/data/video is not here')
        return 0
    patrolctl = options.bin / 'patrolctl'
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        print('| state | found | of | not found | told besides |')
        print('| --- | --- | --- | --- | --- |')
        all_found = all_made = 0
        for state in [*STATES, 'moved', 'knocked', 'frozen']:
            if options.only and options.only != state:
                continue
            found, made, missing, besides = 0, 0, [], set()
            wanted = 'moved' if state == 'knocked' else state
            for name in CLIPS[:2] if options.quick else CLIPS:
                for severity, clip in damaged(options.shared, folder, name, state):
                    told = [f for f in run(patrolctl, clip, folder)['health'] if f['onset_s'] >= FROM_S - 1]
                    hit = any(f['state'] == wanted and f['onset_s'] <= FROM_S + 4 for f in told)
                    made += 1
                    found += hit
                    besides |= {f['state'] for f in told} - {wanted}
                    if not hit:
                        missing.append(f'{name.split(".")[0]} {severity}')
            all_found += found
            all_made += made
            print(f'| {state} | {found} | {made} | {", ".join(missing)} | {", ".join(sorted(besides))} |', flush=True)
        print(f'\nfound: {all_found} of {all_made}')
        if options.only:
            return 0
        seconds = false_s = 0
        for name in UNTOUCHED:
            summary = run(patrolctl, options.shared / 'data/video' / name, folder)
            length = summary['pictures'] / summary['frames_per_second']
            told = [(f['state'], round((f['end_s'] or length) - f['onset_s'], 1)) for f in summary['health']]
            seconds += length
            false_s += sum(s for state, s in told if (name, state) not in TRUE)
            if told:
                true = ', true of it' if all((name, state) in TRUE for state, _ in told) else ''
                print(f'untouched {name} ({length:.0f} s): {told}{true}')
        print(f'untouched clips: {false_s:.1f} state-seconds in {seconds:.0f} s = {100 * false_s / seconds:.2f} %')
    return 0


if __name__ == '__main__':
    sys.exit(main())
