// What was clicked on: a card on the map for a unit, an area or a place, a large picture for a camera
// or an event.
import { h, setAttribute, setText } from '../dom';
import { acceptView, markEvent, snoozeCamera } from '../api';
import { clockMinute, clockTime, instant, kilometres, percent, seconds, minutes, shortName } from '../format';
import { cameraLook, snoozedUntil, type Model } from '../model';
import { LiveView } from '../live';
import type { Stills } from '../stills';
import { age, t } from '../strings';
import type { Camera, LonLat, MotionEvent } from '../types';
import { areaName, lastingText, responseText, stillPath } from './events';
import { drawFacts, type Fact } from './facts';
import type { PlaceQuestion } from './place';

export type Subject =
  | { kind: 'unit'; name: string }
  | { kind: 'area'; name: string }
  // A place on the map, and the smallest area it is in; '' where it is in none.
  | { kind: 'place'; place: LonLat; area: string }
  | { kind: 'camera'; name: string }
  | { kind: 'event'; name: string };

const SNOOZES_MS = [30 * 60_000, 2 * 3_600_000, 8 * 3_600_000];

export interface DetailHandlers {
  closed: () => void;
  // The model was changed by an operator's action.
  acted: () => void;
  showOnMap: (place: LonLat) => void;
}

export class Details {
  // On the map.
  readonly card: HTMLElement;
  // Over everything.
  readonly dialog: HTMLDialogElement;
  private subject: Subject | undefined;
  private readonly cardTitle = h('h3');
  private readonly cardFacts = h('dl');
  private readonly dialogTitle = h('h3', { id: 'details-title' });
  private readonly dialogFacts = h('dl');
  private readonly image = h('img', { alt: '', class: 'details-image' });
  private readonly video = h('video', { class: 'details-image hidden', id: 'details-video', playsinline: true });
  // What the video is of: a camera's live view, or an event's clip.
  private watched: string | undefined;
  private live: LiveView | undefined;
  private clipPlays = false;
  private readonly empty = h('div', { class: 'details-empty' });
  private readonly caption = h('span', { class: 'details-caption' });
  private readonly toMap: HTMLButtonElement;
  // What can be done about it; made anew only when that changes, so that a button stays under the
  // finger.
  private readonly actions = h('div', { class: 'dialog-actions', id: 'actions' });
  private actionsShown = '';
  private readonly failure = h('p', { class: 'dialog-failure', role: 'alert' });

  constructor(
    private readonly model: Model,
    private readonly stills: Stills,
    private readonly question: PlaceQuestion,
    private readonly handlers: DetailHandlers,
  ) {
    const closeButton = (): HTMLButtonElement =>
      h('button', { class: 'close', 'aria-label': t().close, title: t().close, onclick: () => this.show(undefined) }, '×');
    this.card = h('aside', { class: 'details-card hidden', id: 'details' }, closeButton(), this.cardTitle, this.cardFacts);
    this.toMap = h('button', { class: 'chip', onclick: () => this.goToMap() }, t().showOnMap);
    this.dialog = h(
      'dialog',
      { class: 'details-dialog', id: 'details-large', 'aria-labelledby': 'details-title' },
      h('div', { class: 'dialog-head' }, this.dialogTitle, this.toMap, closeButton()),
      h('div', { class: 'dialog-picture' }, this.image, this.video, this.empty, this.caption),
      this.actions,
      this.failure,
      this.dialogFacts,
    );
    this.video.muted = true;
    this.video.addEventListener('playing', () => (this.clipPlays = this.live === undefined));
    this.dialog.addEventListener('close', () => {
      // It comes late: another picture may be open by then.
      if (!this.dialog.open && (this.subject?.kind === 'camera' || this.subject?.kind === 'event')) {
        this.show(undefined);
      }
    });
    // A click beside the dialog closes it.
    this.dialog.addEventListener('click', (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  get shown(): Subject | undefined {
    return this.subject;
  }

  // The camera whose picture is enlarged.
  get enlargedCamera(): string | undefined {
    if (this.subject?.kind === 'camera') return this.subject.name;
    return this.subject?.kind === 'event' ? this.model.events.get(this.subject.name)?.camera : undefined;
  }

  // Where the subject is on the map.
  get place(): LonLat | undefined {
    if (this.subject?.kind === 'place') return this.subject.place;
    if (this.subject?.kind === 'unit') return this.model.units.get(this.subject.name)?.state?.position;
    const camera = this.enlargedCamera;
    return camera === undefined ? undefined : this.model.cameras.get(camera)?.position;
  }

  show(subject: Subject | undefined): void {
    this.subject = subject;
    setText(this.failure, '');
    this.watch(subject);
    const large = subject?.kind === 'camera' || subject?.kind === 'event';
    this.card.classList.toggle('hidden', subject === undefined || large);
    if (large && !this.dialog.open) this.dialog.showModal();
    if (!large && this.dialog.open) this.dialog.close();
    if (subject === undefined) this.handlers.closed();
  }

  draw(now: number): void {
    switch (this.subject?.kind) {
      case 'unit':
        return this.drawUnit(this.subject.name, now);
      case 'area':
        return this.drawArea(this.subject.name, []);
      case 'place':
        return this.drawArea(this.subject.area, this.question.facts());
      case 'camera':
        return this.drawCamera(this.subject.name, now);
      case 'event':
        return this.drawEvent(this.subject.name, now);
    }
  }

  // Live view of a camera, the clip of an event; stills are shown until there is either.
  private watch(subject: Subject | undefined): void {
    const wanted = subject?.kind === 'camera' || subject?.kind === 'event' ? subject.name : undefined;
    if (wanted === this.watched) return;
    this.watched = wanted;
    this.live?.close();
    this.live = undefined;
    this.clipPlays = false;
    this.video.removeAttribute('src');
    this.video.controls = subject?.kind === 'event';
    if (subject?.kind === 'camera' && 'MediaSource' in window) {
      const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
      this.live = new LiveView(`${scheme}://${location.host}/v1/${subject.name}/live`, this.video, () => undefined);
    } else if (subject?.kind === 'event') {
      this.video.loop = true;
      this.video.src = `/v1/${subject.name}/clip`;
      this.video.play().catch(() => undefined);  // no clip: the still stays
    }
  }

  private showVideo(shown: boolean): void {
    this.video.classList.toggle('hidden', !shown);
    if (!shown) return;
    this.image.classList.add('hidden');
    setText(this.empty, '');
  }

  private goToMap(): void {
    const place = this.place;
    this.show(undefined);
    if (place !== undefined) this.handlers.showOnMap(place);
  }

  private drawUnit(name: string, now: number): void {
    const unit = this.model.units.get(name);
    setText(this.cardTitle, unit?.displayName || shortName(name));
    const fix = instant(unit?.state?.fixTime);
    const words: Record<string, [string, string]> = {
      UNIT_KNOWLEDGE_KNOWN: [t().known, 'good'],
      UNIT_KNOWLEDGE_STALE: [t().stale, 'warn'],
      UNIT_KNOWLEDGE_LOST: [t().lostUnits, 'bad'],
      UNIT_KNOWLEDGE_OFF_NETWORK: [t().offNetwork, 'mute'],
      UNIT_KNOWLEDGE_OFF_DUTY: [t().offDuty, 'mute'],
    };
    const [state, tone] = words[unit?.state?.knowledge ?? ''] ?? ['–', 'mute'];
    drawFacts(this.cardFacts, [
      [t().state, state, tone],
      [t().mode, t().modes[unit?.mode ?? ''] ?? '–'],
      [t().force, unit?.force ?? ''],
      [t().lastFix, fix === undefined ? '–' : `${clockTime(fix)} (${t().pictureAge(age(now - fix))})`],
    ]);
  }

  // An area's figures; before them what is known of a place in it.
  private drawArea(name: string, place: Fact[]): void {
    if (name === '') {
      setText(this.cardTitle, t().thisPlace);
      return drawFacts(this.cardFacts, place);
    }
    const area = this.model.coverage?.areas.find((candidate) => candidate.area === name);
    const known = this.model.areas.get(name);
    setText(this.cardTitle, known?.displayName || area?.displayName || shortName(name));
    const km = (m: number): string => `${kilometres(m)} ${t().km}`;
    const facts: Fact[] = [...place, [t().kind, t().kinds[known?.kind ?? ''] ?? known?.kind ?? '']];
    if (area !== undefined) {
      const pair = `${percent(area.coveredRatio)} – ${percent(area.coveredOrUnknownRatio)} %`;
      facts.push(
        [t().areaLegend, pair, 'strong'],
        [t().patrollable, km(area.patrollableM)],
        [t().covered, km(area.coveredM), 'good'],
        [t().unknown, km(area.unknownM), 'mute'],
        [t().notCovered, km(area.notCoveredM), 'bad'],
      );
    }
    drawFacts(this.cardFacts, facts);
  }

  private drawCamera(name: string, now: number): void {
    const camera = this.model.cameras.get(name);
    const state = camera?.state;
    setText(this.dialogTitle, camera?.displayName || shortName(name));
    this.drawStill(name, now);
    const pictured = this.live?.time;
    this.showVideo(pictured !== undefined);
    if (pictured !== undefined) setText(this.caption, t().liveView(((now - pictured) / 1000).toFixed(1)));
    const look = camera === undefined ? undefined : cameraLook(camera);
    const event = this.model.ongoingByCamera().get(name);
    const since = instant(state?.since);
    const facts: Fact[] = [
      [t().state, look === undefined ? '–' : (t().cameraStates[look] ?? look), look === 'streaming' ? 'good' : 'warn'],
      [t().since, since === undefined ? '–' : clockTime(since)],
      [t().picture, state?.width ? `${state.codec} ${state.width}×${state.height}` : '–'],
    ];
    if (state?.reason) facts.push([t().reason, state.reason, 'warn']);
    facts.push(...seenFacts(camera, now));
    if (camera !== undefined) this.offerCamera(camera, now);
    if (event !== undefined) {
      const { text, tone } = responseText(event, this.model);
      facts.push([t().movingNow, lastingText(event, now), 'moving'], [t().response, text, tone]);
    }
    drawFacts(this.dialogFacts, facts);
  }

  private drawEvent(name: string, now: number): void {
    const event = this.model.events.get(name);
    if (event === undefined) return;
    const camera = this.model.cameras.get(event.camera);
    setText(this.dialogTitle, camera?.displayName || shortName(event.camera));
    if (event.hasStill) {
      setAttribute(this.image, 'src', stillPath(event));
      this.image.classList.remove('hidden');
      setText(this.empty, '');
      setText(this.caption, t().still);
    } else {
      this.drawStill(event.camera, now);
    }
    this.showVideo(this.clipPlays);
    if (this.clipPlays) setText(this.caption, t().clip);
    const begin = instant(event.beginTime);
    const { text, tone } = responseText(event, this.model);
    const arrival = seconds(event.response?.arrival);
    drawFacts(this.dialogFacts, [
      [t().began, begin === undefined ? '–' : clockTime(begin)],
      [t().duration, lastingText(event, now)],
      [t().area, areaName(event, this.model) || '–'],
      [t().response, text, tone],
      [t().arrival, arrival === undefined ? '–' : minutes(arrival), tone],
      [t().strength, `${percent(event.strength)} %`],
      ...eventFacts(event),
    ]);
    this.offerEvent(event);
  }

  private offerCamera(camera: Camera, now: number): void {
    const snoozed = snoozedUntil(camera, now) !== undefined;
    const moved = (camera.state?.health ?? []).some((finding) => finding.state === 'moved');
    this.offer(`${camera.name} ${String(snoozed)} ${String(moved)}`, () => {
      const snooze = (ms: number | undefined) => () =>
        this.act(snoozeCamera(camera.name, ms === undefined ? undefined : now + ms).then((saved) => ({ camera: saved })));
      const buttons = snoozed
        ? [action('wake', t().wake, snooze(undefined))]
        : SNOOZES_MS.map((ms) => action('snooze', t().snoozeFor(age(ms)), snooze(ms)));
      if (moved) {
        const accept = (): void => this.act(acceptView(camera.name).then((saved) => ({ camera: saved })));
        buttons.push(action('accept-view', t().acceptView, accept));
      }
      return buttons;
    });
  }

  private offerEvent(event: MotionEvent): void {
    this.offer(`${event.name} ${String(event.notAnEvent)}`, () => [
      action(event.notAnEvent ? 'unmark' : 'mark', event.notAnEvent ? t().unmark : t().markAsNone, () =>
        this.act(markEvent(event.name, !event.notAnEvent).then((saved) => ({ event: saved }))),
      ),
    ]);
  }

  private offer(what: string, buttons: () => HTMLElement[]): void {
    if (what === this.actionsShown) return;
    this.actionsShown = what;
    this.actions.replaceChildren(...buttons());
  }

  private act(done: Promise<{ camera: Camera } | { event: MotionEvent }>): void {
    setText(this.failure, '');
    done.then(
      (item) => {
        this.model.keep(item);
        this.handlers.acted();
      },
      (error: unknown) => setText(this.failure, t().failed(error instanceof Error ? error.message : String(error))),
    );
  }

  private drawStill(camera: string, now: number): void {
    const still = this.stills.get(camera);
    setAttribute(this.image, 'src', still?.url);
    this.image.classList.toggle('hidden', still === undefined);
    const state = this.model.cameras.get(camera)?.state;
    setText(this.empty, still === undefined ? state?.reason || t().noPicture : '');
    const taken = still?.time;
    const text =
      taken === undefined ? '' : `${t().latestPicture} ${clockTime(taken)} (${t().pictureAge(age(now - taken))})`;
    setText(this.caption, text);
  }
}

function action(id: string, text: string, onclick: () => void): HTMLButtonElement {
  return h('button', { class: 'chip', 'data-action': id, onclick }, text);
}

// What keeps a camera from telling all that moves, and how much usually does.
function seenFacts(camera: Camera | undefined, now: number): Fact[] {
  const facts: Fact[] = [];
  const until = snoozedUntil(camera, now);
  if (until !== undefined) facts.push([t().snoozed, t().snoozedUntil(clockMinute(until)), 'warn']);
  const state = camera?.state;
  for (const finding of state?.health ?? []) {
    const onset = instant(finding.onsetTime);
    const what = t().healthStates[finding.state] ?? finding.state;
    facts.push([t().health, onset === undefined ? what : t().healthSince(what, clockMinute(onset)), 'warn']);
  }
  const privacy = state?.privacy ?? '';
  if (privacy !== '') {
    const words = camera?.viewMoved ? t().drawMaskAnew : (t().privacyStates[privacy] ?? privacy);
    facts.push([t().privacy, words, privacy === 'masked' ? 'mute' : 'warn']);
  }
  const whole = (share: number): string => String(Math.round(share * 100));
  for (const zone of state?.zones ?? []) {
    const usual = zone.usualShare === undefined ? undefined : whole(zone.usualShare);
    const parts = [zone.id || t().wholePicture];
    if (!zone.watched) parts.push(t().notWatched);
    if (zone.busy) parts.push(t().signs['busy'] ?? '');
    parts.push(t().zoneMoves(whole(zone.movingShare), usual));
    facts.push([t().zones, parts.join(' · '), zone.busy ? 'warn' : undefined]);
  }
  const over = Number(state?.eventsOverLimit ?? 0) + Number(state?.eventsOverTownLimit ?? 0);
  if (over > 0) facts.push([t().overLimit, t().times(over), 'warn']);
  for (const [zone, count] of Object.entries(state?.notEvents ?? {})) {
    facts.push([t().notEvents, `${zone || t().wholePicture} ${t().times(Number(count))}`, 'mute']);
  }
  return facts;
}

function eventFacts(event: MotionEvent): Fact[] {
  const facts: Fact[] = [];
  const uncertainty = seconds(event.onsetUncertainty);
  // Known to a fifth of a second it needs no word.
  if (uncertainty !== undefined && uncertainty >= 1) {
    facts.push([t().began, t().earlier(uncertainty.toFixed(1)), 'mute']);
  }
  if (event.zoneId) facts.push([t().zone, event.zoneId]);
  const direction = t().directions[event.direction];
  if (direction !== undefined) facts.push([t().direction, direction]);
  const ending = t().endings[event.ending];
  if (ending !== undefined) facts.push([t().ending, ending]);
  if (event.confidence > 0) facts.push([t().confidence, `${Math.round(event.confidence * 100)} %`]);
  return facts;
}
