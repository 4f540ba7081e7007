import { controller } from '../../../resource';

export default controller('api::closing-figure.closing-figure');
