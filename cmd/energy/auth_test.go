package main_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
	"energiya/internal/password"
)

func TestRetireLegacyWrapsEveryOldHash(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	ctx := t.Context()
	var pepper password.Pepper
	require.NoError(
		t,
		database.Owner.QueryRow(ctx, `select value from gym.secrets where name = 'pepper'`).Scan(&pepper),
	)
	ids := database.Users(t, "STUDENT", 30)
	_, err := database.Owner.Exec(ctx, `
		update gym.users set hid = encode(sha256(convert_to($1 || student_card || 'a password' || $1, 'UTF8')), 'hex')`, string(pepper))
	require.NoError(t, err)
	left := func() (n int) {
		require.NoError(t, database.Owner.QueryRow(ctx, `select rules.legacy_left()`).Scan(&n))
		return n
	}
	require.Equal(t, 30, left())

	r := run(t, at(database.URL()), "", "auth", "retire-legacy")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "30 old hashes wrapped, none is left")
	require.Zero(t, left())
	again := run(t, at(database.URL()), "", "auth", "retire-legacy", "--finish")
	require.Zero(t, again.code, again.stderr)
	var hids, verifiers int
	require.NoError(t, database.Owner.QueryRow(ctx, `
		select count(*) filter (where hid <> ''), (select count(*) from gym.verifiers) from gym.users`).Scan(&hids, &verifiers))
	require.Zero(t, hids, "they are blanked")
	require.Equal(t, len(ids), verifiers)
}

func TestThePepperIsWrittenOnceForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	file := filepath.Join(t.TempDir(), "energy.pepper")
	variables := append(at(database.URL()), "ENERGY_PEPPER_FILE="+file)
	for range 2 {
		r := run(t, variables, "", "auth", "pepper")
		require.Zero(t, r.code, r.stderr)
	}
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.WriteFile(file, []byte("another\n"), 0o600))
	r := run(t, variables, "", "auth", "pepper")
	require.NotZero(t, r.code)
	require.Contains(t, r.stderr, "another pepper")

	// The auth server does not start with it.
	r = run(t, append(variables, "ENERGY_AUTH_LISTEN=127.0.0.1:0", "ENERGY_TOKEN="+testToken), "", "auth")
	require.NotZero(t, r.code)
	require.Contains(t, r.stderr, "not the one of the database")
	// Nor in the clear on an address that others reach.
	r = run(t, append(variables, "ENERGY_AUTH_LISTEN=0.0.0.0:0", "ENERGY_TOKEN="+testToken), "", "auth")
	require.NotZero(t, r.code)
	require.Contains(t, r.stderr, "ENERGY_AUTH_CERT_FILE")
}

func TestImportPicturesTakesOverAFolder(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	ctx := t.Context()
	folder := t.TempDir()
	ids := database.Users(t, "STUDENT", 4)
	var photo bytes.Buffer
	require.NoError(t, jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 500, 600)), nil))
	for i, name := range []string{"a-b.JPEG", "broken.PNG", "../outside.JPEG", "gone.JPEG"} {
		_, err := database.Owner.Exec(ctx, `update gym.users set image = $1 where id = $2`, name, ids[i])
		require.NoError(t, err)
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a-b.JPEG"), photo.Bytes(), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "broken.PNG"), photo.Bytes()[:100], 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(folder), "outside.JPEG"), photo.Bytes(), 0o600))

	r := run(t, at(database.URL()), "", "auth", "import-pictures", folder)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "1 picture taken over, 3 not")
	var name string
	require.NoError(t, database.Owner.QueryRow(ctx, `
		select u.image from gym.users u join gym.pictures p on p.user_id = u.id and p.name = u.image where u.id = $1`, ids[0]).Scan(&name))
	require.Regexp(t, `^[0-9a-f]{32}\.jpg$`, name)
	again := run(t, at(database.URL()), "", "auth", "import-pictures", folder)
	require.Contains(t, again.stdout, "0 pictures taken over, 3 not")
}
