import { render } from 'preact';
import { Cashier } from './Cashier';
import './cashier.css';

const root = document.getElementById('root');
if (root) render(<Cashier token={window.location.pathname.split('/')[2] ?? ''} />, root);
