import { afterEach, describe, expect, it, vi } from 'vitest';
import { PastWindow } from '../src/past';
import type { CoverageWindow } from '../src/types';

const DAY = 86_400_000;
const NOON = Date.UTC(2026, 2, 2, 12);

function told(state: CoverageWindow['state'], more: Partial<CoverageWindow> = {}): CoverageWindow {
  return {
    name: 'coverageWindows/1',
    state,
    progress: 0,
    error: '',
    areas: [],
    units: 3,
    blindSpots: 0,
    blindSpotsM: 0,
    ...more,
  };
}

const spots = { type: 'FeatureCollection', features: [] };

// A service that answers with these, one after the other, and says what it was asked.
function service(...answers: unknown[]): string[] {
  const asked: string[] = [];
  vi.useFakeTimers();
  vi.stubGlobal('fetch', (path: string, init?: RequestInit) => {
    asked.push(`${init?.method ?? 'GET'} ${path}`);
    if (init?.method === 'DELETE') return Promise.resolve({ ok: true, status: 200, json: () => Promise.resolve({}) });
    const answer = answers.shift();
    const fine = typeof answer === 'object';
    return Promise.resolve({
      ok: fine,
      status: fine ? 200 : 503,
      json: () => Promise.resolve(fine ? answer : { error: { message: answer } }),
    });
  });
  return asked;
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a window of the past', () => {
  it('is asked how far it is until it is there, then where the gaps were', async () => {
    const asked = service(
      told('STATE_WAITING'),
      told('STATE_RUNNING', { progress: 0.4 }),
      told('STATE_SUCCEEDED'),
      spots,
    );
    const seen: string[] = [];
    const past = new PastWindow(() => seen.push(past.window?.state ?? 'none'));
    await past.ask(DAY, NOON);
    expect(past.busy).toBe(true);
    await vi.advanceTimersByTimeAsync(2000);
    expect(past.blindSpots).toEqual(spots);
    expect(past.busy).toBe(false);
    expect(seen).toEqual(['none', 'STATE_WAITING', 'STATE_RUNNING', 'STATE_SUCCEEDED']);
    expect(asked).toEqual([
      'POST /v1/coverageWindows',
      'GET /v1/coverageWindows/1',
      'GET /v1/coverageWindows/1',
      'GET /v1/coverageWindows/1/blindSpots',
    ]);
  });

  it('says why the service refused it or failed', async () => {
    service('8 windows wait to be computed already');
    const refused = new PastWindow(() => undefined);
    await refused.ask(DAY, NOON);
    expect(refused.failure).toBe('8 windows wait to be computed already');
    expect(refused.busy).toBe(false);

    service(told('STATE_FAILED', { error: 'no fixes' }));
    const failed = new PastWindow(() => undefined);
    await failed.ask(DAY, NOON);
    expect(failed.failure).toBe('no fixes');
  });

  it('is stopped where nobody waits for it any more', async () => {
    const asked = service(told('STATE_WAITING'), told('STATE_SUCCEEDED', { name: 'coverageWindows/2' }), spots);
    const past = new PastWindow(() => undefined);
    await past.ask(DAY, NOON);
    await past.ask(DAY / 24, NOON);
    await vi.advanceTimersByTimeAsync(2000);
    expect(asked).toContain('DELETE /v1/coverageWindows/1');
    expect(past.window?.name).toBe('coverageWindows/2');
    expect(asked.filter((call) => call === 'GET /v1/coverageWindows/1')).toEqual([]);
  });

  it('forgets what was asked', async () => {
    service(told('STATE_SUCCEEDED'), spots);
    const past = new PastWindow(() => undefined);
    await past.ask(DAY, NOON);
    past.forget();
    expect([past.window, past.blindSpots, past.span]).toEqual([undefined, undefined, undefined]);
  });
});
