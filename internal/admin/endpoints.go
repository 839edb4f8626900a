package admin

import (
	"reflect"
	"slices"

	"github.com/weirhq/weir/internal/usage"
)

// The rows of the table, by what they are about.

func browserEndpoints() []endpoint {
	return []endpoint{
		{method: "GET", path: "/", id: "page", summary: "the page", scope: visitor, hidden: true, params: []param{{name: "t", kind: "string", about: "the token of a link"}},
			handler: handler{media: "text/html", serve: (*call).page}},
		{method: "GET", path: "/style.css", id: "style", summary: "the page's style", scope: visitor, hidden: true, handler: handler{media: "text/css", serve: (*call).style}},
		{method: "GET", path: "/healthz", id: "health", summary: "whether this process answers", scope: anybody, handler: gives((*call).health)},
		{method: "GET", path: "/openapi.json", id: "openapi", summary: "this API as OpenAPI 3.1", scope: visitor, handler: handler{media: "application/json", serve: (*call).openapi}},
		{method: "POST", path: "/api/v1/links", id: "addLink", summary: "a link that lets a browser in, once, with the scopes of this call's key", scope: read, handler: takes((*call).addLink)},
		{method: "POST", path: "/api/v1/logout", id: "logout", summary: "end the browser's session", scope: read, handler: takes((*call).logout)},
	}
}

func eventEndpoints() []endpoint {
	return []endpoint{
		{method: "GET", path: "/api/v1/events", id: "listEvents", summary: "requests, newest first", scope: read,
			params: slices.Concat(eventParams, eventWindowParams, pageParams), handler: gives((*call).listEvents)},
		{method: "GET", path: "/api/v1/events:stream", id: "streamEvents", summary: "requests as they end, as server-sent events", scope: read,
			params: slices.Concat(eventParams, streamParams), handler: handler{media: "text/event-stream", serve: (*call).stream}},
		{method: "GET", path: "/api/v1/events/{id}", id: "getEvent", summary: "one request: its attempts in time, how its cost comes about, its scores", scope: read,
			params: eventDetailParams, handler: gives((*call).getEvent)},
		{method: "POST", path: "/api/v1/feedback", id: "addFeedback", summary: "what was said of requests, many at once", scope: operate, handler: takes((*call).addFeedback)},
	}
}

func usageEndpoints() []endpoint {
	return []endpoint{
		{method: "GET", path: "/api/v1/usage", id: "getUsage", summary: "requests, tokens and money by period and any key", scope: read,
			params: slices.Concat(usageParams, ledgerParams, windowParams), handler: gives((*call).usage)},
		{method: "GET", path: "/api/v1/usage/months", id: "getUsageMonths", summary: "a month, week or day against the one before it", scope: read,
			params: slices.Concat(monthsParams, ledgerParams), handler: gives((*call).months)},
		{method: "GET", path: "/api/v1/timeline", id: "getTimeline", summary: "requests, outcomes and latencies step by step", scope: read,
			params: timelineParams, handler: gives((*call).timeline)},
		{method: "GET", path: "/api/v1/budgets", id: "listBudgets", summary: "budgets against what was spent, with a forecast", scope: read, handler: gives((*call).budgets)},
		{method: "GET", path: "/api/v1/reports/{period}", id: "getReport", summary: "a week or a month: money, budgets, outcomes, latencies", scope: read,
			params:  slices.Concat(reportParams, ledgerParams),
			handler: handler{reply: reflect.TypeFor[usage.Report](), media: "text/markdown", serve: (*call).report}},
	}
}

func stateEndpoints() []endpoint {
	return []endpoint{
		{method: "GET", path: "/api/v1/status", id: "getStatus", summary: "what runs, since when, and how the last reload went", scope: read, handler: gives((*call).status)},
		{method: "GET", path: "/api/v1/routes", id: "listRoutes", summary: "the routes in force; wide: what went where, and whether the split is right", scope: read, params: wideParams, handler: gives((*call).listRoutes)},
		{method: "GET", path: "/api/v1/experiments", id: "listExperiments", summary: "the experiments in force, with the range of each arm", scope: read, handler: gives((*call).listExperiments)},
		{method: "GET", path: "/api/v1/models", id: "listModels", summary: "the models, why one is not ready, what it costs; wide: traffic and servers", scope: read, params: wideParams, handler: gives((*call).listModels)},
		{method: "POST", path: "/api/v1/explain", id: "explain", summary: "which variant a request would get, or would have got at a time, and why", scope: read, handler: takes((*call).explain)},
		{method: "POST", path: "/api/v1/reload", id: "reload", summary: "read the definitions again", scope: operate, handler: takes((*call).reload)},
	}
}

func definitionEndpoints() []endpoint {
	return []endpoint{
		{method: "GET", path: "/api/v1/definitions", id: "getDefinitions", summary: "what is in force, as it was written", scope: read, handler: gives((*call).getDefinitions)},
		{method: "POST", path: "/api/v1/definitions", id: "applyDefinitions", summary: "put a document in force", scope: admin, handler: takes((*call).apply)},
		{method: "POST", path: "/api/v1/definitions:diff", id: "diffDefinitions", summary: "a document against what is in force", scope: read, handler: takes((*call).diffDefinitions)},
		{method: "GET", path: "/api/v1/revisions", id: "listRevisions", summary: "what was in force, newest first", scope: read, params: pageParams, handler: gives((*call).listRevisions)},
		{method: "GET", path: "/api/v1/revisions/{number}", id: "getRevision", summary: "one revision with its files", scope: read, params: revisionParams, handler: gives((*call).getRevision)},
		{method: "POST", path: "/api/v1/revisions/{number}:restore", id: "restoreRevision", summary: "put a revision in force again, as a new one", scope: admin, params: revisionParams, handler: takes((*call).restore)},
		{method: "GET", path: "/api/v1/decisions", id: "listDecisions", summary: "what was decided, by whom and why", scope: read, params: slices.Concat(decisionParams, pageParams), handler: gives((*call).listDecisions)},
	}
}

func keepingEndpoints() []endpoint {
	return []endpoint{
		{method: "GET", path: "/api/v1/store", id: "getStore", summary: "what keeps records, and how far behind it is", scope: read, handler: gives((*call).getStore)},
		{method: "POST", path: "/api/v1/store:rebuild", id: "rebuildStore", summary: "compute the sums again from the rows of the units", scope: operate, handler: takes((*call).rebuild)},
		{method: "POST", path: "/api/v1/store:check", id: "checkStore", summary: "read everything and compare it with its checksums", scope: operate, handler: takes((*call).checkStore)},
		{method: "GET", path: "/api/v1/store:backup", id: "backupStore", summary: "a copy of the store as it is at one moment", scope: admin, handler: handler{media: "application/octet-stream", serve: (*call).backup}},
		{method: "POST", path: "/api/v1/units:forget", id: "forgetUnit", summary: "erase what is kept of a person", scope: admin, handler: takes((*call).forget)},
	}
}
