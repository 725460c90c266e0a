"""House rules that a compiler does not check.

usage: style_test.py REPOSITORY      exit 0 when all hold.

- X.cc includes its own X.h first (so every header compiles alone; the rest have units of their own);
- a source file has at most 700 lines, a line at most 100 columns (tables and addresses excepted);
- every header has #pragma once; every room has a README.md;
- no file name with utils, common, helper or manager."""
import pathlib
import re
import sys

LINES_MAX = 700
COLUMNS_MAX = 100


def main(root):
    faults = []
    files = 0
    for top in ('lib', 'cmd', 'tests', 'benchmarks'):
        for path in sorted((root / top).rglob('*')):
            name = path.relative_to(root).as_posix()
            if 'node_modules' in name or '/dist/' in name or path.suffix not in ('.h', '.cc', '.ts', '.py'):
                continue
            files += 1
            lines = path.read_text().splitlines()
            if len(lines) > LINES_MAX:
                faults.append(f'{name}: {len(lines)} lines, at most {LINES_MAX}')
            if re.search(r'utils|common|helper|manager', path.stem, re.IGNORECASE):
                faults.append(f'{name}: a name that says nothing')
            if path.suffix in ('.h', '.cc'):
                for number, line in enumerate(lines, 1):
                    if len(line) > COLUMNS_MAX and '#include' not in line and 'R"' not in line and '://' not in line:
                        faults.append(f'{name}:{number}: {len(line)} columns, at most {COLUMNS_MAX}')
            if path.suffix == '.h' and '#pragma once' not in lines:
                faults.append(f'{name}: no #pragma once')
            if path.suffix == '.cc' and path.with_suffix('.h').exists():
                includes = [line for line in lines if line.startswith('#include')]
                own = path.with_suffix('.h').relative_to(root).as_posix()
                if not includes or f'"{own}"' not in includes[0]:
                    faults.append(f'{name}: its first include is not {own}')
    for header in sorted((root / 'lib').rglob('*.h')):
        if not (header.parent / 'README.md').exists():
            faults.append(f'{header.parent.relative_to(root)}: no README.md')
    for fault in dict.fromkeys(faults):
        print(fault)
    print(f'{files} files, {len(set(faults))} faults')
    return 1 if faults or not files else 0


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
