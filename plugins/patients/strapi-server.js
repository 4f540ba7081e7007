module.exports = require('./dist/strapi').default;
