package year

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// client calls the gym's functions as the server does, on a connection of the owner whose session clock stands.
type client struct {
	conn *pgx.Conn
}

// at sets the session's clock to what the gym's wall clock shows.
func (c client) at(ctx context.Context, now time.Time) error {
	_, err := c.conn.Exec(ctx, `select set_config('gym.now', $1, false)`, now.Format(time.DateTime))
	return err
}

// call is one request. Refused: by which rule; then nothing was changed.
func (c client) call(
	ctx context.Context,
	function string,
	actor int,
	body any,
) (data []byte, refused string, err error) {
	sent, err := json.Marshal(body)
	if err != nil {
		return nil, "", err
	}
	err = c.conn.QueryRow(ctx, "select wire."+function+"($1, $2::jsonb, 'year')", actor, string(sent)).Scan(&data)
	refused, err = refusal(err)
	if err != nil {
		return nil, "", fmt.Errorf("%s %s by %d: %w", function, sent, actor, err)
	}
	return data, refused, nil
}

// psql is what a person at psql enters.
func (c client) psql(ctx context.Context, statement string, args ...any) (refused string, err error) {
	_, err = c.conn.Exec(ctx, statement, args...)
	refused, err = refusal(err)
	if err != nil {
		return "", fmt.Errorf("%s %v: %w", statement, args, err)
	}
	return refused, nil
}

// refusal takes the rule's name out of an error that is a rule's, or a constraint's that stands behind it.
func refusal(err error) (string, error) {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	if ok && refused.ConstraintName != "" && (refused.Code[:2] == "EN" || refused.Code[:2] == "23") {
		return refused.ConstraintName, nil
	}
	return "", err
}
