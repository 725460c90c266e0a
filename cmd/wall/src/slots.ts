// Which camera is shown in which tile of the grid. Pure.

// Fills `count` tiles with the cameras that matter most now. A camera that is already shown keeps
// its tile, so that the wall stays calm: only cameras that no longer belong give theirs up.
//
// shown:    the tiles as they are, undefined where empty.
// moving:   cameras with motion now, the most pressing first.
// all:      every camera, in order of name; fills what is left.
export function assignSlots(
  shown: readonly (string | undefined)[],
  moving: readonly string[],
  all: readonly string[],
  count: number,
): (string | undefined)[] {
  const existing = new Set(all);
  const wanted = new Set<string>(moving.filter((name) => existing.has(name)).slice(0, count));
  // Those already shown come before those that are not, whoever they are.
  for (const name of shown) {
    if (wanted.size >= count) break;
    if (name !== undefined && existing.has(name)) wanted.add(name);
  }
  for (const name of all) {
    if (wanted.size >= count) break;
    wanted.add(name);
  }
  const slots: (string | undefined)[] = [];
  for (let i = 0; i < count; ++i) {
    const name = shown[i];
    const stays = name !== undefined && wanted.has(name) && !slots.includes(name);
    slots.push(stays ? name : undefined);
  }
  const rest = [...wanted].filter((name) => !slots.includes(name));
  return slots.map((name) => name ?? rest.shift());
}

// One page of `count` of all cameras, by hand; pages count from 0 and wrap around.
export function pageSlots(all: readonly string[], page: number, count: number): (string | undefined)[] {
  const pages = pageCount(all.length, count);
  const first = (((page % pages) + pages) % pages) * count;
  return Array.from({ length: count }, (_, i) => all[first + i]);
}

export function pageCount(cameras: number, count: number): number {
  return Math.max(1, Math.ceil(cameras / count));
}
