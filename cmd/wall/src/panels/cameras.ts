// The grid of stills.
import { h, setAttribute, setText } from '../dom';
import { clockMinute } from '../format';
import { cameraLook, isUnattended, signs, snoozedUntil, type Model, type Sign } from '../model';
import { assignSlots, pageCount, pageSlots } from '../slots';
import type { Stills, Urgency } from '../stills';
import { age, t } from '../strings';
import type { Camera, MotionEvent } from '../types';

const TILES = 24;
// A quiet camera's picture is asked for every 10 s and may be blind_after (10 s) old by then.
const OLD_MS = 25_000;
const VERY_OLD_MS = 60_000;
// More would cover the picture.
const SIGNS_MAX = 2;

class Tile {
  readonly element: HTMLButtonElement;
  camera: string | undefined;
  private readonly image = h('img', { alt: '' });
  private readonly zone = h('i', { class: 'zone' });
  private readonly name = h('span', { class: 'tile-name' });
  private readonly badge = h('span', { class: 'badge' });
  private readonly signs = h('span', { class: 'signs' });
  private signsShown = '';
  private readonly age = h('span', { class: 'age' });
  private readonly empty = h('span', { class: 'tile-empty' });

  constructor(open: (camera: string) => void) {
    this.element = h(
      'button',
      {
        class: 'tile',
        onclick: () => {
          if (this.camera !== undefined) open(this.camera);
        },
      },
      this.image,
      this.empty,
      this.zone,
      h('span', { class: 'tile-state' }, this.badge, this.signs),
      this.age,
      this.name,
    );
  }

  show(camera: Camera | undefined, event: MotionEvent | undefined, now: number): void {
    this.camera = camera?.name;
    setAttribute(this.element, 'data-camera', camera?.name);
    this.element.disabled = camera === undefined;
    const look = camera === undefined ? undefined : cameraLook(camera);
    setAttribute(this.element, 'data-look', look);
    setText(this.name, camera?.displayName || camera?.name || '');
    setText(this.badge, look === undefined || look === 'streaming' ? '' : (t().cameraStates[look] ?? look));
    setAttribute(this.element, 'title', camera?.state?.reason || undefined);
    // Of a stream that does not come nothing more is to be said.
    this.showSigns(look === 'streaming' || look === 'blind' ? signs(camera, now) : [], camera, now);
    const moving = event !== undefined;
    setAttribute(this.element, 'data-moving', moving ? '' : undefined);
    setAttribute(this.element, 'data-unattended', isUnattended(event) ? '' : undefined);
    const zone = event?.zone;
    this.zone.classList.toggle('hidden', zone === undefined);
    if (zone !== undefined) {
      this.zone.style.left = `${zone.left * 100}%`;
      this.zone.style.top = `${zone.top * 100}%`;
      this.zone.style.right = `${(1 - zone.right) * 100}%`;
      this.zone.style.bottom = `${(1 - zone.bottom) * 100}%`;
    }
  }

  private showSigns(found: Sign[], camera: Camera | undefined, now: number): void {
    const texts = found.map((sign) => signText(sign, camera, now));
    const state = texts.join();
    if (state === this.signsShown) return;
    this.signsShown = state;
    const shown = found.slice(0, SIGNS_MAX).map((sign, i) => h('i', { class: 'sign', 'data-sign': sign.kind }, texts[i] ?? ''));
    if (found.length > SIGNS_MAX) {
      const more = texts.slice(SIGNS_MAX).join(' · ');
      shown.push(h('i', { class: 'sign', 'data-sign': 'more', title: more }, `+${found.length - SIGNS_MAX}`));
    }
    this.signs.replaceChildren(...shown);
  }

  // The picture and how old it is; never one without the other.
  picture(stills: Stills, now: number): void {
    const still = this.camera === undefined ? undefined : stills.get(this.camera);
    if (still === undefined) {
      if (this.image.hasAttribute('src')) this.image.removeAttribute('src');
    } else if (this.image.getAttribute('src') !== still.url) {
      this.image.src = still.url;
    }
    this.image.classList.toggle('hidden', still === undefined);
    setText(this.empty, still === undefined && this.camera !== undefined ? t().noPicture : '');
    const old = still?.time === undefined ? undefined : now - still.time;
    setText(this.age, still === undefined ? '' : old === undefined ? '?' : age(old));
    const level = old === undefined ? undefined : old > VERY_OLD_MS ? 'very-old' : old > OLD_MS ? 'old' : undefined;
    setAttribute(this.element, 'data-age', level);
  }
}

export class CameraGrid {
  readonly element: HTMLElement;
  private readonly tiles: Tile[];
  private readonly grid = h('div', { class: 'tiles', id: 'cameras' });
  private readonly auto = h('button', { class: 'chip', 'aria-pressed': 'true' }, t().autoPage);
  private readonly page = h('span', { class: 'page' });
  private readonly pager: HTMLElement;
  private slots: (string | undefined)[] = [];
  // undefined: the wall chooses; otherwise the page chosen by hand.
  private chosen: number | undefined;
  private enlarged: string | undefined;

  constructor(
    private readonly model: Model,
    private readonly stills: Stills,
    open: (camera: string) => void,
    private readonly now: () => number,
  ) {
    this.tiles = Array.from({ length: TILES }, () => new Tile(open));
    this.grid.append(...this.tiles.map((tile) => tile.element));
    this.auto.addEventListener('click', () => this.turn(undefined));
    const turnBy = (by: number) => () => this.turn((this.chosen ?? (by > 0 ? -1 : 0)) + by);
    this.pager = h(
      'span',
      { class: 'pager' },
      this.auto,
      h('button', { class: 'chip', title: t().previousPage, 'aria-label': t().previousPage, onclick: turnBy(-1) }, '‹'),
      this.page,
      h('button', { class: 'chip', title: t().nextPage, 'aria-label': t().nextPage, onclick: turnBy(1) }, '›'),
    );
    this.element = h(
      'section',
      { class: 'panel cameras', 'aria-label': t().stills },
      h('h2', {}, t().stills, this.pager),
      this.grid,
    );
  }

  draw(now: number): void {
    const all = [...this.model.cameras.keys()].sort();
    const ongoing = this.model.ongoingByCamera();
    const moving = [...ongoing.entries()]
      .sort(([, a], [, b]) => Number(isUnattended(b)) - Number(isUnattended(a)))
      .map(([camera]) => camera);
    const pages = pageCount(all.length, TILES);
    this.pager.classList.toggle('hidden', pages === 1);
    if (this.chosen !== undefined) this.chosen = ((this.chosen % pages) + pages) % pages;
    this.slots =
      this.chosen === undefined
        ? assignSlots(this.slots, moving, all, TILES)
        : pageSlots(all, this.chosen, TILES);
    setText(this.page, this.chosen === undefined ? `– / ${pages}` : t().pageOf(this.chosen + 1, pages));
    setAttribute(this.auto, 'aria-pressed', String(this.chosen === undefined));
    this.tiles.forEach((tile, i) => {
      const name = this.slots[i];
      tile.show(
        name === undefined ? undefined : this.model.cameras.get(name),
        name === undefined ? undefined : ongoing.get(name),
        now,
      );
    });
    setAttribute(this.grid, 'data-empty', all.length === 0 ? t().noCameras : undefined);
    this.askFor(ongoing);
    this.tick(now);
  }

  // The enlarged camera is refreshed every second, wherever it is.
  enlarge(camera: string | undefined): void {
    this.enlarged = camera;
    this.askFor(this.model.ongoingByCamera());
  }

  tick(now: number): void {
    for (const tile of this.tiles) tile.picture(this.stills, now);
  }

  private turn(page: number | undefined): void {
    this.chosen = page;
    this.draw(this.now());
  }

  private askFor(ongoing: Map<string, MotionEvent>): void {
    const wanted = new Map<string, Urgency>();
    for (const name of this.slots) {
      if (name === undefined || !hasPicture(this.model.cameras.get(name))) continue;
      wanted.set(name, ongoing.has(name) ? 'moving' : 'quiet');
    }
    if (this.enlarged !== undefined && hasPicture(this.model.cameras.get(this.enlarged))) {
      wanted.set(this.enlarged, 'enlarged');
    }
    this.stills.want(wanted);
  }
}

// A sign in words: "静默 14:30".
export function signText(sign: Sign, camera: Camera | undefined, now: number): string {
  if (sign.kind === 'health') return t().healthStates[sign.state ?? ''] ?? sign.state ?? '';
  const text = t().signs[sign.kind] ?? sign.kind;
  const until = sign.kind === 'snoozed' ? snoozedUntil(camera, now) : undefined;
  return until === undefined ? text : `${text} ${clockMinute(until)}`;
}

// Asking for a picture that was never decoded would only be an error in the log.
function hasPicture(camera: Camera | undefined): boolean {
  return (camera?.state?.width ?? 0) > 0;
}
