// What was clicked on: a card on the map for a unit or an area, a large picture for a camera or an
// event.
import { h, setAttribute, setText } from '../dom';
import { clockTime, instant, kilometres, percent, seconds, minutes, shortName } from '../format';
import { cameraLook, type Model } from '../model';
import { LiveView } from '../live';
import type { Stills } from '../stills';
import { age, t } from '../strings';
import type { LonLat } from '../types';
import { areaName, lastingText, responseText, stillPath } from './events';

export type Subject =
  | { kind: 'unit'; name: string }
  | { kind: 'area'; name: string }
  | { kind: 'camera'; name: string }
  | { kind: 'event'; name: string };

type Fact = [label: string, value: string, tone?: string];

export interface DetailHandlers {
  closed: () => void;
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

  constructor(
    private readonly model: Model,
    private readonly stills: Stills,
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
      this.dialogFacts,
    );
    this.video.muted = true;
    this.video.addEventListener('playing', () => (this.clipPlays = this.live === undefined));
    this.dialog.addEventListener('close', () => {
      if (this.subject?.kind === 'camera' || this.subject?.kind === 'event') this.show(undefined);
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
    if (this.subject?.kind === 'unit') return this.model.units.get(this.subject.name)?.state?.position;
    const camera = this.enlargedCamera;
    return camera === undefined ? undefined : this.model.cameras.get(camera)?.position;
  }

  show(subject: Subject | undefined): void {
    this.subject = subject;
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
        return this.drawArea(this.subject.name);
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

  private drawArea(name: string): void {
    const area = this.model.coverage?.areas.find((candidate) => candidate.area === name);
    const known = this.model.areas.get(name);
    setText(this.cardTitle, known?.displayName || area?.displayName || shortName(name));
    const km = (m: number): string => `${kilometres(m)} ${t().km}`;
    const facts: Fact[] = [[t().kind, t().kinds[known?.kind ?? ''] ?? known?.kind ?? '']];
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
    ]);
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

// Rows are reused, so that a selection of text survives the clock.
function drawFacts(list: HTMLElement, facts: Fact[]): void {
  while (list.children.length > facts.length) list.lastElementChild?.remove();
  facts.forEach(([label, value, tone], i) => {
    let row = list.children[i];
    if (row === undefined) {
      row = h('div', {}, h('dt'), h('dd'));
      list.append(row);
    }
    const [term, description] = [row.children[0], row.children[1]];
    if (term === undefined || description === undefined) return;
    setText(term, label);
    setText(description, value);
    setAttribute(description, 'data-tone', tone);
  });
}
