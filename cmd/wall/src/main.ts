// The wall: puts the panels together and hands each message to those that it changes.
import { listAreas, listEventsSince } from './api';
import { h } from './dom';
import { WallMap } from './map/map';
import { HOUR_MS, Model, type Part } from './model';
import { LowestAreas } from './panels/areas';
import { CameraGrid } from './panels/cameras';
import { Details, type Subject } from './panels/details';
import { EventList } from './panels/events';
import { Figures } from './panels/figures';
import { Header } from './panels/header';
import { legend } from './panels/legend';
import { PastCard } from './panels/past';
import { PlaceQuestion } from './panels/place';
import { PastWindow } from './past';
import { Stills } from './stills';
import { Stream } from './stream';
import { currentLanguage, setLanguage, t } from './strings';
import './wall.css';

const LANGUAGE_KEY = 'patrolcircle.language';
const RETRY_MS = 5000;

function chooseLanguage(): void {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(LANGUAGE_KEY);
  setLanguage(asked === 'en' ? 'en' : 'zh');
  document.documentElement.lang = currentLanguage() === 'zh' ? 'zh-CN' : 'en';
  document.title = `${t().title} · patrolcircle`;
}

// Everything comes from the service, so a fresh page is the simplest way into the other language.
function toggleLanguage(): void {
  localStorage.setItem(LANGUAGE_KEY, currentLanguage() === 'zh' ? 'en' : 'zh');
  const url = new URL(location.href);
  url.searchParams.delete('lang');
  location.href = url.href;
}

function start(): void {
  chooseLanguage();
  const model = new Model();
  const dirty = new Set<Part>();
  let drawing = false;
  let lostSince: number | undefined;

  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const stream = new Stream(`${scheme}://${location.host}/v1/stream`, {
    message: (message) => {
      const part = model.apply(message);
      if (part !== undefined) draw(part);
    },
    connection: (state, since, attempt) => {
      lostSince = since;
      header.connection(state, since, attempt, model);
      stills.pause(state !== 'live');
      if (state === 'live') void load();
    },
  });
  const now = (): number => stream.now();
  // What goes on is known until the line was lost; ages go on growing after it.
  const knownUntil = (): number => lostSince ?? now();

  const header = new Header(toggleLanguage);
  const figures = new Figures(model);
  const stills = new Stills(() => {
    grid.tick(now());
    details.draw(now());
  });
  const question = new PlaceQuestion(model, () => {
    details.draw(now());
    map.drawRoute(question.answer?.routeGeojson ?? '');
  });
  const past = new PastWindow(() => {
    pastCard.draw();
    map.drawBlindSpots(past.blindSpots, (past.span ?? 0) / 1000);
  });
  const pastCard = new PastCard(past, {
    now,
    closed: () => map.selectArea(undefined, false),
    area: (name) => map.selectArea(name, true),
  });
  const show = (subject: Subject | undefined, fly: boolean): void => {
    details.show(subject);
    question.ask(subject?.kind === 'place' ? subject.place : undefined);
    details.draw(now());
    grid.enlarge(details.enlargedCamera);
    const area = subject?.kind === 'place' ? subject.area : subject?.kind === 'area' ? subject.name : undefined;
    map.selectArea(area, fly);
    if (subject?.kind === 'unit' || subject?.kind === 'place') map.select(details.place, fly);
    else if (subject !== undefined) map.select(undefined, false);
  };
  const grid = new CameraGrid(model, stills, (name) => show({ kind: 'camera', name }, false), now);
  const events = new EventList(model, (name) => show({ kind: 'event', name }, false), knownUntil);
  const areas = new LowestAreas(model, (name) => show({ kind: 'area', name }, true));
  const details = new Details(model, stills, question, {
    closed: () => {
      question.ask(undefined);
      grid.enlarge(undefined);
      map.selectArea(undefined, false);
      map.select(undefined, false);
    },
    showOnMap: (place) => map.select(place, true),
    acted: () => {
      draw('events');
      draw('cameras');
    },
  });

  const mapPanel = h('section', { class: 'panel map', id: 'map', 'aria-label': t().wholeTown });
  document.getElementById('wall')?.append(
    header.element,
    header.banner,
    figures.element,
    h('main', {}, grid.element, mapPanel, h('div', { class: 'column' }, events.element, areas.element)),
    details.dialog,
  );
  const map = new WallMap(mapPanel, model, {
    unit: (name) => show({ kind: 'unit', name }, false),
    camera: (name) => show({ kind: 'camera', name }, false),
    place: (place, area) => show({ kind: 'place', place, area }, false),
  });
  mapPanel.append(
    legend(),
    h(
      'div',
      { class: 'map-buttons' },
      h('button', { title: t().pastTitle, 'aria-label': t().past, id: 'past-toggle', onclick: () => pastCard.toggle() }, '↺'),
      h('button', { title: t().zoomIn, 'aria-label': t().zoomIn, onclick: () => map.zoom(1) }, '+'),
      h('button', { title: t().zoomOut, 'aria-label': t().zoomOut, onclick: () => map.zoom(-1) }, '−'),
      h('button', { title: t().wholeTownTitle, id: 'whole-town', onclick: () => map.showAll() }, '⤢'),
    ),
    h('small', { class: 'attribution' }, t().attribution),
    details.card,
    pastCard.element,
  );
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || details.dialog.open) return;
    if (details.shown === undefined) pastCard.close();
    show(undefined, false);
  });

  // What does not come over the stream: areas with their shapes, the hour's events.
  async function load(): Promise<void> {
    try {
      const [areaList, hour] = await Promise.all([listAreas(), listEventsSince(now() - HOUR_MS)]);
      const shapes = JSON.stringify(areaList);
      if (shapes !== JSON.stringify([...model.areas.values()])) {
        model.areas.clear();
        for (const area of areaList) model.areas.set(area.name, area);
        map.setAreas(areaList);
      }
      for (const event of hour) model.countEvent(event);
      draw('events');
    } catch {
      window.setTimeout(() => {
        if (document.body.dataset['connection'] === 'live') void load();
      }, RETRY_MS);
    }
  }

  // Messages may come many at a time; each part is drawn once per frame.
  function draw(part: Part): void {
    dirty.add(part);
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      const parts = new Set(dirty);
      dirty.clear();
      drawParts(parts);
    });
  }

  function drawParts(parts: Set<Part>): void {
    if (parts.has('sources')) header.sources(model);
    if (parts.has('coverage')) {
      figures.drawCoverage(now());
      areas.draw();
      map.drawCoverage();
      question.tick();
    }
    if (parts.has('units')) {
      map.drawUnits();
      if (details.shown?.kind === 'unit') map.select(details.place, false);
    }
    if (parts.has('cameras')) {
      figures.drawCameras();
      map.drawCameras();
    }
    if (parts.has('events') || parts.has('cameras')) {
      figures.drawEvents(knownUntil());
      grid.draw(now());
    }
    // Names of units and cameras stand in the list.
    if (parts.has('events') || parts.has('cameras')) events.draw(knownUntil());
    if (parts.has('events')) map.drawPulses();
    details.draw(now());
  }

  window.setInterval(() => {
    header.tick(now());
    figures.tick(now());
    figures.drawEvents(knownUntil());
    grid.tick(now());
    events.tick(knownUntil());
    details.draw(now());
  }, 1000);
  header.tick(now());
  grid.draw(now());
  events.draw(knownUntil());
  areas.draw();
  stream.open();
}

start();
