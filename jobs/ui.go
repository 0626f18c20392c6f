package jobs

import (
	"context"
	"fmt"
	"net/http"

	"riverqueue.com/riverui"
)

// UI is River's web face, with everything that it shows in the program itself. It has no authentication of its own,
// so valid decides: on the header Token, or, for a browser, on the password of HTTP basic authentication, with any
// name. ctx ends what it runs in the background. It sees and changes the queue by the rights of the runner's pool.
func (r *Runner) UI(ctx context.Context, prefix string, valid func(token string) bool) (http.Handler, error) {
	ui, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints(r.client, nil),
		Logger:    r.quiet,
		Prefix:    prefix,
	})
	if err != nil {
		return nil, fmt.Errorf("making River's web face: %w", err)
	}
	if err := ui.Start(ctx); err != nil {
		return nil, fmt.Errorf("starting River's web face: %w", err)
	}
	// a browser sends the password along with whatever another site makes it send
	return guard(valid, http.NewCrossOriginProtection().Handler(ui)), nil
}

func guard(valid func(token string) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		token := req.Header.Get("Token")
		if token == "" {
			_, token, _ = req.BasicAuth()
		}
		if !valid(token) {
			w.Header().Set("WWW-Authenticate", `Basic realm="Energiya: any name, and the token as the password"`)
			http.Error(w, "The token is missing or wrong.", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, req)
	})
}
