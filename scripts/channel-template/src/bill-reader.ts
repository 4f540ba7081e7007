export { openBill } from './bill';
