// The map: roads, areas, cameras, units, and who could be where.
import { GeoJSONSource, Map as MapLibre, Marker } from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import { getGeoJson } from '../api';
import { h } from '../dom';
import { cameraLook, isUnattended, type Model } from '../model';
import { t } from '../strings';
import type { Area, LonLat } from '../types';
import { boundsOf, parseGeometry, parseLine, type Bounds } from './geometry';
import { AreaLabels } from './labels';
import { COVERED_OPACITY, mapStyle, UNKNOWN_OPACITY } from './style';
import { UnitSigns } from './units';

// The map of covered roads is fetched at most this often: a few hundred kilobytes each time.
const ROADS_INTERVAL_MS = 3000;
const NETWORK_RETRY_MS = 5000;
const RATIO_STEP = 0.03;
// Rings on the map at once; a town where more cameras move at a time needs a list, not rings.
const PULSES_MAX = 80;

export interface MapHandlers {
  unit: (name: string) => void;
  camera: (name: string) => void;
  // area: the smallest it is in; '' where it is in none.
  place: (place: LonLat, area: string) => void;
}

export class WallMap {
  private readonly map: MapLibre | undefined;
  private readonly labels: AreaLabels | undefined;
  private readonly units: UnitSigns | undefined;
  private readonly ratios = new Map<string, number>();
  private readonly notice: HTMLElement;
  private readonly pulses = new Map<string, { marker: Marker; element: HTMLElement }>();
  private home: Bounds | undefined;
  private loaded = false;
  private areas: Area[] = [];
  private roadsRevision = '';
  private roadsAt = 0;
  private roadsBusy = false;
  private selection: Marker | undefined;
  private blindSpots: GeoJSON.FeatureCollection | undefined;

  constructor(
    private readonly container: HTMLElement,
    private readonly model: Model,
    private readonly handlers: MapHandlers,
  ) {
    this.notice = h('div', { class: 'map-notice', role: 'status' }, t().mapLoading);
    const canvas = h('div', { class: 'map-canvas' });
    container.append(canvas, this.notice);
    if (!hasWebgl()) {
      this.notice.textContent = t().noWebgl;
      document.body.dataset['map'] = 'unavailable';
      return;
    }
    try {
      this.map = new MapLibre({
        container: canvas,
        style: mapStyle(),
        center: [0, 0],
        zoom: 1,
        attributionControl: false,
        dragRotate: false,
        pitchWithRotate: false,
        touchPitch: false,
        maxPitch: 0,
        fadeDuration: 0,
        renderWorldCopies: false,
        locale: { 'Map.Title': t().title },
      });
    } catch {
      this.notice.textContent = t().noWebgl;
      document.body.dataset['map'] = 'unavailable';
      return;
    }
    this.labels = new AreaLabels(this.map);
    this.units = new UnitSigns(this.map, handlers.unit);
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.on('load', () => {
      this.loaded = true;
      void this.loadNetwork();
      this.drawAreas();
      this.drawCameras();
      this.drawUnits();
      this.drawCoverage();
    });
    this.map.on('click', (event) => this.click(event.point.x, event.point.y));
    this.map.on('mousemove', (event) => {
      const hit = this.map?.queryRenderedFeatures(around(event.point.x, event.point.y, 5), {
        layers: ['cameras'],
      });
      if (this.map !== undefined) this.map.getCanvas().style.cursor = hit?.length ? 'pointer' : '';
    });
  }

  setAreas(areas: Area[]): void {
    this.areas = areas;
    this.drawAreas();
    this.drawCoverage();
  }

  drawCoverage(): void {
    const coverage = this.model.coverage;
    if (!this.loaded || this.map === undefined || coverage === undefined) return;
    for (const area of coverage.areas) {
      // A colour that nobody can tell from the last is not worth drawing the map again.
      const shown = this.ratios.get(area.area);
      if (shown !== undefined && Math.abs(shown - area.coveredRatio) < RATIO_STEP) continue;
      this.ratios.set(area.area, area.coveredRatio);
      this.map.setFeatureState({ source: 'areas', id: area.area }, { ratio: area.coveredRatio });
    }
    this.labels?.setRatios(coverage.areas);
    void this.loadRoads();
  }

  drawUnits(): void {
    this.units?.draw(this.model.units.values());
  }

  drawCameras(): void {
    if (!this.loaded) return;
    const features: GeoJSON.Feature[] = [];
    for (const camera of this.model.cameras.values()) {
      if (camera.position === undefined) continue;
      features.push(point(camera.position, { name: camera.name, look: cameraLook(camera) }));
    }
    this.source('cameras').setData({ type: 'FeatureCollection', features });
    this.drawPulses();
  }

  // Rings around the cameras where something moves now.
  drawPulses(): void {
    if (!this.loaded || this.map === undefined) return;
    const ongoing = this.model.ongoingByCamera();
    const wanted = [...ongoing].slice(0, PULSES_MAX);
    for (const [name, pulse] of this.pulses) {
      if (wanted.some(([camera]) => camera === name)) continue;
      pulse.marker.remove();
      this.pulses.delete(name);
    }
    for (const [name, event] of wanted) {
      const place = this.model.cameras.get(name)?.position;
      if (place === undefined) continue;
      let pulse = this.pulses.get(name);
      if (pulse === undefined) {
        const element = h('div', { class: 'pulse', 'data-pulse': name });
        pulse = { element, marker: new Marker({ element }).setLngLat(place).addTo(this.map) };
        element.removeAttribute('tabindex');
        this.pulses.set(name, pulse);
      }
      pulse.element.classList.toggle('unattended', isUnattended(event));
    }
  }

  // Marks a place and goes there; undefined takes the mark away.
  select(place: LonLat | undefined, fly: boolean): void {
    if (this.map === undefined) return;
    if (place === undefined) {
      this.selection?.remove();
      this.selection = undefined;
    } else if (this.selection === undefined) {
      const element = h('div', { class: 'selection' });
      this.selection = new Marker({ element }).setLngLat(place).addTo(this.map);
      element.removeAttribute('tabindex');
    } else {
      this.selection.setLngLat(place);
    }
    if (fly && place !== undefined) {
      this.map.easeTo({ center: place, zoom: Math.max(this.map.getZoom(), 14.5), duration: 600 });
    }
  }

  // The way of a unit to a place, as GeoJSON; '' takes it away.
  drawRoute(geojson: string): void {
    if (!this.loaded) return;
    const line = parseLine(geojson);
    const features: GeoJSON.Feature[] = line === undefined ? [] : [{ type: 'Feature', geometry: line, properties: {} }];
    this.source('route').setData({ type: 'FeatureCollection', features });
  }

  // Where the gaps of a past window were; undefined takes them away. What is covered now steps back
  // meanwhile.
  drawBlindSpots(spots: GeoJSON.FeatureCollection | undefined, spanS: number): void {
    if (!this.loaded || this.map === undefined || spots === this.blindSpots) return;
    this.blindSpots = spots;
    const features = (spots?.features ?? []).map((spot) => {
      const uncovered = Number(spot.properties?.['uncovered_s'] ?? 0);
      return { ...spot, properties: { ...spot.properties, share: Math.min(1, uncovered / spanS) } };
    });
    this.source('blind-spots').setData({ type: 'FeatureCollection', features });
    this.map.setPaintProperty('covered', 'line-opacity', spots === undefined ? COVERED_OPACITY : 0.15);
    this.map.setPaintProperty('unknown', 'line-opacity', spots === undefined ? UNKNOWN_OPACITY : 0.15);
    this.container.dataset['blindSpots'] = spots === undefined ? '' : String(features.length);
  }

  selectArea(name: string | undefined, fly: boolean): void {
    if (this.map === undefined || !this.loaded) return;
    this.map.setFilter('area-selected', ['==', ['get', 'name'], name ?? '']);
    const area = this.areas.find((candidate) => candidate.name === name);
    const geometry = area === undefined ? undefined : parseGeometry(area.geometryJson);
    if (fly && geometry !== undefined) this.fit(boundsOf([geometry]), 600);
  }

  showAll(): void {
    this.fit(this.home, 600);
  }

  zoom(by: 1 | -1): void {
    if (by > 0) this.map?.zoomIn();
    else this.map?.zoomOut();
  }

  private source(id: string): GeoJSONSource {
    return this.map?.getSource(id) as GeoJSONSource;
  }

  private fit(bounds: Bounds | undefined, duration: number): void {
    if (bounds === undefined) return;
    // The legend stands at the left; where there is room the town moves out of its way.
    const left = this.container.clientWidth > 800 ? 140 : 36;
    this.map?.fitBounds([bounds.west, bounds.south, bounds.east, bounds.north], {
      padding: { top: 36, right: 36, bottom: 36, left },
      duration,
      maxZoom: 16,
    });
  }

  private drawAreas(): void {
    if (!this.loaded || this.map === undefined) return;
    const features: GeoJSON.Feature[] = [];
    for (const area of this.areas) {
      const geometry = parseGeometry(area.geometryJson);
      if (geometry === undefined) continue;
      features.push({ type: 'Feature', geometry, properties: { name: area.name, kind: area.kind } });
    }
    this.source('areas').setData({ type: 'FeatureCollection', features });
    const bounds = boundsOf(features.map((feature) => feature.geometry));
    if (bounds !== undefined) this.goHome(bounds);
    this.labels?.setAreas(this.areas, this.map.getZoom());
  }

  private goHome(bounds: Bounds): void {
    this.home = bounds;
    this.fit(bounds, 0);
  }

  private async loadNetwork(): Promise<void> {
    try {
      const network = await getGeoJson('/v1/network');
      this.source('network').setData(network);
      // A service without areas still has a town.
      if (this.home === undefined) {
        const bounds = boundsOf(network.features.map((feature) => feature.geometry));
        if (bounds !== undefined) this.goHome(bounds);
      }
      this.notice.remove();
      document.body.dataset['map'] = 'ready';
    } catch {
      this.notice.textContent = t().mapFailed;
      window.setTimeout(() => void this.loadNetwork(), NETWORK_RETRY_MS);
    }
  }

  private async loadRoads(): Promise<void> {
    const revision = this.model.coverage?.revision ?? '';
    if (this.roadsBusy || revision === this.roadsRevision) return;
    const wait = this.roadsAt + ROADS_INTERVAL_MS - Date.now();
    this.roadsBusy = true;
    if (wait > 0) await new Promise((done) => window.setTimeout(done, wait));
    try {
      this.roadsAt = Date.now();
      const roads = await getGeoJson('/v1/coverage/roads');
      this.source('roads').setData(roads);
      this.roadsRevision = revision;
      this.container.dataset['roadsRevision'] = revision;
    } catch {
      // The next change of coverage asks again; the banner tells when the service is gone.
    }
    this.roadsBusy = false;
  }

  private click(x: number, y: number): void {
    if (this.map === undefined || !this.loaded) return;
    const near = this.map.queryRenderedFeatures(around(x, y, 6), { layers: ['cameras'] });
    const camera = near[0]?.properties['name'] as string | undefined;
    if (camera !== undefined) {
      this.handlers.camera(camera);
      return;
    }
    const here = this.map.queryRenderedFeatures([x, y], { layers: ['area-fill'] });
    const names = here.map((feature) => feature.properties['name'] as string);
    const rank = (area: Area): number => (area.kind === 'town' ? Infinity : area.patrollableM);
    const smallest = this.areas
      .filter((area) => names.includes(area.name) && area.kind !== 'town')
      .sort((a, b) => rank(a) - rank(b))[0];
    const { lng: lon, lat } = this.map.unproject([x, y]);
    this.handlers.place({ lon, lat }, smallest?.name ?? '');
  }
}

function point(place: LonLat, properties: Record<string, string>): GeoJSON.Feature {
  return {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [place.lon, place.lat] },
    properties,
  };
}

function around(x: number, y: number, r: number): [[number, number], [number, number]] {
  return [
    [x - r, y - r],
    [x + r, y + r],
  ];
}

function hasWebgl(): boolean {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('webgl2') ?? canvas.getContext('webgl');
  // Browsers keep few contexts; this one is given back at once.
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return context !== null;
}
