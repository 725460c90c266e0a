"""Reads every #include of lib/ and fails on an edge that lib/rooms.cmake does not list.

usage: rooms_test.py REPOSITORY      exit 0 when every edge is allowed."""
import pathlib
import re
import sys


def read_rooms(text):
    """Room name -> (folder, rooms it may use), as lib/rooms.cmake tells it."""
    rooms = {}
    text = re.sub(r'#.*', '', text)
    for match in re.finditer(r'patrol_room\(([^)]*)\)', text):
        words = match.group(1).split()
        name, folder, rest = words[0], words[1], words[2:]
        used = []
        if 'USES' in rest:
            for word in rest[rest.index('USES') + 1:]:
                if word in ('FOREIGN', 'PROTO', 'GLUE'):
                    break
                used.append(word)
        rooms[name] = (folder, set(used))
    return rooms


def main(root):
    rooms = read_rooms((root / 'lib/rooms.cmake').read_text())
    faults = []
    order = list(rooms)
    for name, (_, used) in rooms.items():
        for other in used:
            if other not in rooms:
                faults.append(f'lib/rooms.cmake: {name} uses {other}, which is no room')
            elif order.index(other) >= order.index(name):
                faults.append(f'lib/rooms.cmake: {name} uses {other}, which is not below it')
    by_folder = {folder: name for name, (folder, _) in rooms.items()}
    sources = 0
    for path in sorted((root / 'lib').rglob('*')):
        if path.suffix not in ('.h', '.cc'):
            continue
        sources += 1
        folder = path.parent.relative_to(root).as_posix()
        if folder not in by_folder:
            faults.append(f'{path.relative_to(root)}: lies in no room of lib/rooms.cmake')
            continue
        room = by_folder[folder]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not match:
                continue
            target = pathlib.PurePosixPath(match.group(1)).parent.as_posix()
            place = f'{path.relative_to(root)}:{number}'
            if target in by_folder:
                other = by_folder[target]
                if other != room and other not in rooms[room][1]:
                    faults.append(f'{place}: {room} may not use {other}')
            elif match.group(1).startswith(('lib/', 'cmd/', 'tests/')) or match.group(1).startswith('.'):
                faults.append(f'{place}: includes {match.group(1)}, which is in no room')
    for fault in faults:
        print(fault)
    print(f'{len(rooms)} rooms, {sources} files, {len(faults)} faults')
    return 1 if faults or not sources else 0


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
