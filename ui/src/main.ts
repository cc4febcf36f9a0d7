import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { applyLanguage } from './state/language';

await applyLanguage();
mount(App, { target: document.getElementById('app')! });
