import { render } from 'preact';
import { Kiosk } from './Kiosk';
import './kiosk.css';

const root = document.getElementById('root');
if (root) render(<Kiosk />, root);
