import { service } from '../../../resource';

export default service('api::closing-figure.closing-figure');
