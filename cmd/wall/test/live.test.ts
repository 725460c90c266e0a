import { describe, expect, it } from 'vitest';
import { jump, readStream, stale } from '../src/live';

describe('jump', () => {
  it('begins near the newest picture of what was handed over', () => {
    expect(jump([{ start: 0, end: 2 }], 0)).toBeCloseTo(1.85);
  });
  it('leaves a picture that is young enough', () => {
    expect(jump([{ start: 0, end: 10 }], 9.5)).toBeUndefined();
  });
  it('crosses what was dropped, without going before the keyframe', () => {
    const spans = [{ start: 0, end: 4 }, { start: 8, end: 8.05 }];
    expect(jump(spans, 3.9)).toBe(8);
  });
  it('has nowhere to go before there is a picture', () => {
    expect(jump([], 0)).toBeUndefined();
  });
});

describe('stale', () => {
  it('keeps the last seconds and removes the rest now and then', () => {
    expect(stale([{ start: 0, end: 30 }], 30)).toBeUndefined();
    expect(stale([{ start: 0, end: 41 }], 41)).toBe(21);
    expect(stale([], 41)).toBeUndefined();
  });
});

describe('readStream', () => {
  it('reads codec and capture time', () => {
    expect(readStream('{"type":"init","codec":"avc1.4d4016","startTime":"1970-01-01T00:00:02.500000Z"}')).toEqual({
      mime: 'video/mp4; codecs="avc1.4d4016"',
      start: 2500,
    });
  });
  it('refuses anything else', () => {
    for (const text of ['', '{}', '[]', '{"type":"init","codec":7}', '{"type":"init","codec":"avc1","startTime":"soon"}']) {
      expect(readStream(text)).toBeUndefined();
    }
  });
});
