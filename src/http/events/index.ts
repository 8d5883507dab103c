export { EventFeed } from './event-feed.js';
export { EVENT_SOURCE, EventsController, type EventSource } from './events.controller.js';
