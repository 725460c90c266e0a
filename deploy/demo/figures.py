"""One line of figures of a running service; exit 1 if any is zero.

usage: figures.py http://HOST:PORT"""
import json
import sys
import urllib.request


def get(base, path):
    with urllib.request.urlopen(base + path, timeout=10) as answer:
        return json.load(answer)


def pages(base, path, field):
    """All rows of a list, page by page."""
    rows, token = [], ''
    while True:
        page = get(base, f'{path}?pageSize=1000' + (f'&pageToken={token}' if token else ''))
        rows += page.get(field, [])
        token = page.get('nextPageToken', '')
        if not token:
            return rows


def main(base):
    states = [camera.get('state', {}) for camera in pages(base, '/v1/cameras', 'cameras')]
    coverage = get(base, '/v1/coverage')
    figures = {
        'cameras streaming': sum(state.get('phase') == 'CAMERA_PHASE_STREAMING' for state in states),
        'pictures decoded': sum(int(state.get('picturesDecoded', 0)) for state in states),
        'motion events': len(pages(base, '/v1/motionEvents', 'motionEvents')),
        'units known': int(coverage.get('units', {}).get('known', 0)),
        'coverage ratio': round(float(coverage.get('town', {}).get('coveredRatio', 0)), 4),
    }
    print('patrolcircle: ' + ', '.join(f'{name} {value}' for name, value in figures.items()))
    zero = [name for name, value in figures.items() if not value]
    if zero:
        print('zero: ' + ', '.join(zero), file=sys.stderr)
    return 1 if zero else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1].rstrip('/')))
