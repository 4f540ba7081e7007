import { controller } from '../../../resource';

export default controller('api::alert-event.alert-event');
