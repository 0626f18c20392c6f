package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// noise is a picture that compresses badly.
func noise(width, height int) image.Image {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	random := rand.New(rand.NewPCG(1, 2))
	for y := 0; y < height; y += 8 {
		for x := 0; x < width; x += 8 {
			c := color.RGBA{
				R: uint8(random.UintN(256)),
				G: uint8(random.UintN(256)),
				B: uint8(random.UintN(256)),
				A: 255,
			}
			for i := range 64 {
				picture.SetRGBA(x+i%8, y+i/8, c)
			}
		}
	}
	return picture
}

// TestPicturesTakeLittleMemory sends the largest pictures that are taken, bombs, and what is too long, all at once,
// to a server of its own. Its memory, as the kernel counts it, stays under 100 MB.
func TestPicturesTakeLittleMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("this system does not say how much memory a process has")
	}
	t.Parallel()
	database := dbtest.New(t)
	ids := database.Users(t, "STUDENT", 8)
	_, err := database.Owner.Exec(t.Context(), `
		select rules.open_session(id, sha256(convert_to('token ' || n, 'UTF8')), false, null, 'Firefox')
		  from unnest($1::int[]) with ordinality u (id, n)`, ids)
	require.NoError(t, err)
	variables := []string{"ENERGY_PEPPER_FILE=" + filepath.Join(t.TempDir(), "pepper")}
	r := run(t, append(at(database.URL()), variables...), "", "auth", "pepper")
	require.Zero(t, r.code, r.stderr)
	auth := launchAuth(t, database.URL(), "http://127.0.0.1:1", variables...)

	var photo, drawing, bomb bytes.Buffer
	require.NoError(t, jpeg.Encode(&photo, noise(4032, 3024), &jpeg.Options{Quality: 90}))
	require.NoError(t, png.Encode(&drawing, noise(4032, 3024)))
	require.NoError(t, png.Encode(&bomb, image.NewGray(image.Rect(0, 0, 4, 4))))
	binary.BigEndian.PutUint32(bomb.Bytes()[16:], 20000)
	binary.BigEndian.PutUint32(bomb.Bytes()[20:], 20000)
	binary.BigEndian.PutUint32(bomb.Bytes()[29:], crc32.ChecksumIEEE(bomb.Bytes()[12:29]))
	require.Less(t, max(photo.Len(), drawing.Len()), 8<<20)
	files := [][]byte{
		photo.Bytes(), drawing.Bytes(), bomb.Bytes(), make([]byte, 8<<20), make([]byte, 20<<20), photo.Bytes()[:photo.Len()/2],
		photo.Bytes(), drawing.Bytes(),
	}
	var taken, refused, busy int
	var mu sync.Mutex
	for range 3 {
		var all sync.WaitGroup
		for n := range ids {
			all.Go(func() {
				status := auth.upload(n+1, files[n])
				mu.Lock()
				defer mu.Unlock()
				switch status {
				case http.StatusOK:
					taken++
				case http.StatusBadRequest:
					refused++
				case http.StatusServiceUnavailable:
					busy++
				default:
					t.Errorf("picture %d: status %d", n, status)
				}
			})
		}
		all.Wait()
	}
	require.Positive(t, taken, "some of the largest were taken")
	require.Positive(t, refused)
	most := auth.mostMemory()
	t.Logf("%d taken, %d refused, %d told to come again; at most %d MB", taken, refused, busy, most>>20)
	require.Less(t, most, 100<<20)
}

// upload sends a picture as person n, and returns the status; 503 where the connection was closed on a long body.
func (s *server) upload(n int, file []byte) int {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("image", "photo.jpg")
	if err != nil {
		s.t.Error(err)
		return 0
	}
	_, _ = part.Write(file)
	_ = form.Close()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.base+"/media/update-my-picture", &body)
	if err != nil {
		s.t.Error(err)
		return 0
	}
	sum := sha256Of(fmt.Sprintf("token %d", n))
	request.Header.Set("Authorization", base64.RawURLEncoding.EncodeToString(sum))
	request.Header.Set("Content-Type", form.FormDataContentType())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return http.StatusServiceUnavailable
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// mostMemory is the most that the server's process had in memory, in bytes.
func (s *server) mostMemory() int {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	require.NoError(s.t, err)
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kilobytes, err := strconv.Atoi(fields[1])
			require.NoError(s.t, err)
			return kilobytes << 10
		}
	}
	s.t.Fatal("the kernel does not say how much memory the server had")
	return 0
}
