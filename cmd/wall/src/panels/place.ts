// Why a place on the map is red, or is not: asked of the service, and again as coverage changes.
import { explainPlace } from '../api';
import { kilometres, minutes, seconds, shortName } from '../format';
import type { Model } from '../model';
import { t } from '../strings';
import type { LonLat, PlaceExplanation, PlaceState } from '../types';
import type { Fact } from './facts';

// The answer is asked for again at most this often.
const INTERVAL_MS = 3000;

function stateWords(state: PlaceState): [words: string, tone: string] {
  switch (state) {
    case 'STATE_COVERED':
      return [t().covered, 'good'];
    case 'STATE_UNKNOWN':
      return [t().unknownRoad, 'mute'];
    case 'STATE_NOT_COVERED':
      return [t().notCovered, 'bad'];
    case 'STATE_OFF_NETWORK':
      return [t().noRoad, 'mute'];
    case 'STATE_UNSPECIFIED':
      return ['–', 'mute'];
  }
}

export class PlaceQuestion {
  private place: LonLat | undefined;
  private found: PlaceExplanation | undefined;
  private failure = '';
  private askedRevision = '';
  private askedAt = 0;

  // answered: there is another answer, or none any more.
  constructor(
    private readonly model: Model,
    private readonly answered: () => void,
  ) {}

  get answer(): PlaceExplanation | undefined {
    return this.found;
  }

  // The place asked about from here on; undefined: none.
  ask(place: LonLat | undefined): void {
    if (place === this.place) return;
    this.place = place;
    this.found = undefined;
    this.failure = '';
    this.askedAt = 0;
    this.answered();
    if (place !== undefined) void this.send(place);
  }

  // Asks again where coverage has changed since.
  tick(): void {
    const revision = this.model.coverage?.revision ?? '';
    if (this.place === undefined || revision === this.askedRevision) return;
    if (Date.now() - this.askedAt >= INTERVAL_MS) void this.send(this.place);
  }

  facts(): Fact[] {
    if (this.failure !== '') return [[t().thisPlace, t().failed(this.failure), 'warn']];
    const found = this.found;
    if (found === undefined) return [[t().thisPlace, t().asking, 'mute']];
    const [words, tone] = stateWords(found.state);
    const facts: Fact[] = [[t().thisPlace, words, tone]];
    const arrival = seconds(found.arrival);
    if (found.unit !== '' && arrival !== undefined) {
      const unit = this.model.units.get(found.unit);
      facts.push([t().nearest, unit?.displayName || shortName(found.unit)]);
      facts.push([t().arrival, minutes(arrival), tone]);
      facts.push([t().itsWay, `${kilometres(found.routeLengthM)} ${t().km}`]);
    } else if (found.state !== 'STATE_OFF_NETWORK') {
      facts.push([t().nearest, t().nobody, 'bad']);
      if (found.reason !== '') facts.push([t().reason, found.reason, 'mute']);
    }
    return facts;
  }

  private async send(place: LonLat): Promise<void> {
    this.askedRevision = this.model.coverage?.revision ?? '';
    this.askedAt = Date.now();
    try {
      const found = await explainPlace(place);
      if (place !== this.place) return;
      this.found = found;
      this.failure = '';
    } catch (error: unknown) {
      if (place !== this.place) return;
      this.found = undefined;
      this.failure = error instanceof Error ? error.message : String(error);
    }
    this.answered();
  }
}
