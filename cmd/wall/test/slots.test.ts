import { describe, expect, it } from 'vitest';
import { assignSlots, pageCount, pageSlots } from '../src/slots';

describe('assignSlots', () => {
  it('shows all in order where they fit', () => {
    expect(assignSlots([], [], ['a', 'b'], 3)).toEqual(['a', 'b', undefined]);
  });

  it('keeps every tile where it is when a shown camera moves', () => {
    expect(assignSlots(['a', 'b', 'c'], ['c'], ['a', 'b', 'c', 'd'], 3)).toEqual(['a', 'b', 'c']);
  });

  it('gives a moving camera the tile of the quiet one that was last in line', () => {
    expect(assignSlots(['a', 'b', 'c'], ['d'], ['a', 'b', 'c', 'd'], 3)).toEqual(['a', 'b', 'd']);
  });

  it('shows the most pressing when more move than there are tiles', () => {
    expect(new Set(assignSlots(['a', 'b'], ['d', 'c', 'b'], ['a', 'b', 'c', 'd'], 2))).toEqual(
      new Set(['d', 'c']),
    );
  });

  it('frees the tile of a camera that is gone, and shows none twice', () => {
    expect(assignSlots(['a', 'x', 'a'], [], ['a', 'b', 'c'], 3)).toEqual(['a', 'b', 'c']);
    expect(assignSlots([], ['x'], ['a'], 2)).toEqual(['a', undefined]);
  });
});

describe('pageSlots', () => {
  it('turns pages and wraps around at both ends', () => {
    const all = ['a', 'b', 'c', 'd', 'e'];
    expect(pageCount(all.length, 2)).toBe(3);
    expect(pageSlots(all, 1, 2)).toEqual(['c', 'd']);
    expect(pageSlots(all, 2, 2)).toEqual(['e', undefined]);
    expect(pageSlots(all, 3, 2)).toEqual(['a', 'b']);
    expect(pageSlots(all, -1, 2)).toEqual(['e', undefined]);
  });

  it('has one page where there are no cameras', () => {
    expect(pageCount(0, 24)).toBe(1);
    expect(pageSlots([], 0, 2)).toEqual([undefined, undefined]);
  });
});
