import { describe, expect, it } from 'vitest';
import { band, coveredText, instant, kilometres, minutes, percent, seconds, shortName } from '../src/format';

describe('format', () => {
  it('reads proto durations and nothing else', () => {
    expect(seconds('125.5s')).toBe(125.5);
    expect(seconds('180s')).toBe(180);
    expect(seconds(undefined)).toBeUndefined();
    expect(seconds('2 min')).toBeUndefined();
  });

  it('reads instants and leaves what is none undefined', () => {
    expect(instant('2026-03-02T05:27:34.500Z')).toBe(1772429254500);
    expect(instant('')).toBeUndefined();
    expect(instant('yesterday')).toBeUndefined();
  });

  it('writes minutes and seconds, with hours only where there are some', () => {
    expect(minutes(0)).toBe('0:00');
    expect(minutes(125.4)).toBe('2:05');
    expect(minutes(3725)).toBe('1:02:05');
    expect(minutes(-3)).toBe('0:00');
  });

  it('never rounds a ratio up to all of it', () => {
    expect(percent(0.8344)).toBe('83.4');
    expect(percent(0.99999)).toBe('99.9');
    expect(percent(1)).toBe('100');
    expect(percent(0)).toBe('0.0');
  });

  it('shows lengths in kilometres', () => {
    expect(kilometres(1234)).toBe('1.2');
    expect(kilometres(384_400)).toBe('384');
  });

  it('puts arrival times into bands that include their upper end', () => {
    expect([0, 60, 60.1, 120, 180, 180.1].map(band)).toEqual([
      'quick',
      'quick',
      'near',
      'near',
      'far',
      'late',
    ]);
  });

  it('takes the id out of a resource name', () => {
    expect(shortName('cameras/n-042')).toBe('n-042');
    expect(shortName('')).toBe('');
  });

  it('tells coverage as a pair, or as one figure where nothing is unknown', () => {
    expect(coveredText({ coveredRatio: 0.8344, coveredOrUnknownRatio: 0.8811 })).toBe('83.4–88.1%');
    expect(coveredText({ coveredRatio: 1, coveredOrUnknownRatio: 1 })).toBe('100%');
  });
});
