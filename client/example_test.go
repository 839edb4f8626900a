package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/weirhq/weir/client"
)

// A Weir that has served two requests.
func exampleWeir() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/events", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"events":[
			{"id":"0198c0de-0000-7000-8000-000000000002","route":"support","outcome":"timeout","assignments":[{"variant":"candidate"}]},
			{"id":"0198c0de-0000-7000-8000-000000000001","route":"support","outcome":"ok","assignments":[{"variant":"baseline"}]}],"next_page_token":""}`)
	})
	mux.HandleFunc("POST /api/v1/explain", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"route":"support","variant":"candidate","reason":"chance","probability":0.1,
			"steps":[{"name":"hash","text":"f333333333333333, which is 0.950000: candidate owns [0.900000, 1.000000]"}]}`)
	})
	mux.HandleFunc("POST /api/v1/reload", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"code":"definition_invalid","detail":"the definitions were not applied","problems":[
			{"file":"weir.yaml","line":12,"column":5,"severity":"error","message":"unknown field \"untis\"","hint":"did you mean \"unit\"?"}]}`)
	})
	return httptest.NewServer(mux)
}

func Example() {
	weir := exampleWeir()
	defer weir.Close()

	c := client.New(weir.URL, client.WithKey("weir_..."))
	page, err := c.Events(context.Background(), client.Query{Route: "support", Limit: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range page.Events {
		fmt.Println(e.Assignments[0].Variant, e.Outcome)
	}
	// Output:
	// candidate timeout
	// baseline ok
}

func ExampleClient_Explain() {
	weir := exampleWeir()
	defer weir.Close()

	x, err := client.New(weir.URL).Explain(context.Background(), client.ExplainRequest{Route: "support", Unit: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s by %s, probability %.2f\n", x.Variant, x.Reason, x.Probability)
	for _, s := range x.Steps {
		fmt.Printf("  %s: %s\n", s.Name, s.Text)
	}
	// Output:
	// candidate by chance, probability 0.10
	//   hash: f333333333333333, which is 0.950000: candidate owns [0.900000, 1.000000]
}

func ExampleError() {
	weir := exampleWeir()
	defer weir.Close()

	_, err := client.New(weir.URL).Reload(context.Background())
	var e *client.Error
	if errors.As(err, &e) {
		for _, p := range e.Problems {
			fmt.Printf("%s:%d:%d: %s; %s\n", p.File, p.Line, p.Column, p.Message, p.Hint)
		}
	}
	// Output:
	// weir.yaml:12:5: unknown field "untis"; did you mean "unit"?
}
