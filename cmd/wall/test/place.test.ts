import { afterEach, describe, expect, it, vi } from 'vitest';
import { Model } from '../src/model';
import { PlaceQuestion } from '../src/panels/place';
import { setLanguage } from '../src/strings';
import type { PlaceExplanation } from '../src/types';

const here = { lon: 113.25, lat: 22.9 };
const red: PlaceExplanation = {
  state: 'STATE_NOT_COVERED',
  unit: 'units/car-07',
  arrival: '252.4s',
  routeLengthM: 2310,
  routeGeojson: '{"type":"LineString","coordinates":[[113.2,22.9],[113.25,22.9]]}',
  roadDistanceM: 3,
  reason: '',
};

// A service that answers with these, one after the other, and says what it was asked.
function service(...answers: (PlaceExplanation | number)[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path);
    const answer = answers.shift();
    const fine = typeof answer === 'object';
    return Promise.resolve({ ok: fine, status: fine ? 200 : answer, json: () => Promise.resolve(answer) });
  });
  return asked;
}

async function asked(question: PlaceQuestion): Promise<void> {
  question.ask(here);
  await vi.waitFor(() => expect(question.facts()[0]?.[1]).not.toBe('asking'));
}

afterEach(() => vi.unstubAllGlobals());

describe('a question about a place', () => {
  setLanguage('en');

  it('says why a place is red: who is nearest, when and by which way', async () => {
    const paths = service(red);
    const question = new PlaceQuestion(new Model(), () => undefined);
    await asked(question);
    expect(paths).toEqual(['/v1/coverage/place?lon=113.25&lat=22.9']);
    expect(question.facts()).toEqual([
      ['Here', 'not covered', 'bad'],
      ['Nearest unit', 'car-07'],
      ['Arrival time', '4:12', 'bad'],
      ['Its way', '2.3 km'],
    ]);
    expect(question.answer?.routeGeojson).toBe(red.routeGeojson);
  });

  it('says that nobody can get there, and why', async () => {
    service({ ...red, unit: '', reason: 'no unit is known' });
    const question = new PlaceQuestion(new Model(), () => undefined);
    await asked(question);
    expect(question.facts()).toEqual([
      ['Here', 'not covered', 'bad'],
      ['Nearest unit', 'nobody can get there', 'bad'],
      ['Reason', 'no unit is known', 'mute'],
    ]);
  });

  it('tells a failure, and keeps no way from before', async () => {
    service(503);
    const question = new PlaceQuestion(new Model(), () => undefined);
    await asked(question);
    expect(question.facts()[0]?.[1]).toContain('503');
    expect(question.answer).toBeUndefined();
  });

  it('forgets an answer that comes after the question was taken back', async () => {
    service(red);
    const question = new PlaceQuestion(new Model(), () => undefined);
    question.ask(here);
    question.ask(undefined);
    await new Promise((done) => setTimeout(done, 0));
    expect(question.answer).toBeUndefined();
  });
});
