import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  build: { target: ['es2022', 'safari15'], modulePreload: { polyfill: false } },
  test: { environment: 'jsdom' },
  // vitest would take svelte's server half otherwise.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
});
