import { controller } from '../../../resource';

export default controller('api::view.view');
