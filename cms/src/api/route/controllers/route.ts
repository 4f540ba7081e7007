import { controller } from '../../../resource';

export default controller('api::route.route');
