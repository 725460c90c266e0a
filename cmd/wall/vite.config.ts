import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    target: 'es2022',
    // MapLibre alone is about 1 MB before compression; it comes from the same machine.
    chunkSizeWarningLimit: 1200,
    rollupOptions: { output: { manualChunks: { maplibre: ['maplibre-gl'] } } },
  },
  // In development the page comes from Vite and everything under /v1 from a running demo.
  server: { proxy: { '/v1': { target: 'http://127.0.0.1:7780', ws: true } } },
});
