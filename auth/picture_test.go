package auth

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// paint makes a picture whose four quarters have different colours: red and green above, blue and white below.
func paint(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{255, 255, 255, 255}
			switch {
			case y < height/2 && x < width/2:
				c = color.RGBA{255, 0, 0, 255}
			case y < height/2:
				c = color.RGBA{0, 255, 0, 255}
			case x < width/2:
				c = color.RGBA{0, 0, 255, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func asJPEG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, jpeg.Encode(&out, m, nil))
	return out.Bytes()
}

func asPNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, m))
	return out.Bytes()
}

// withExif puts EXIF data with an orientation and a location into a JPEG.
func withExif(file []byte, orientation uint16) []byte {
	order := binary.BigEndian
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x02")
	entry := func(tag, kind uint16, count uint32, value []byte) {
		exif = order.AppendUint16(exif, tag)
		exif = order.AppendUint16(exif, kind)
		exif = order.AppendUint32(exif, count)
		exif = append(exif, value...)
	}
	entry(0x0112, 3, 1, append(order.AppendUint16(nil, orientation), 0, 0))
	entry(0x8825, 4, 1, []byte{0, 0, 0, 38}) // the location's own list
	exif = append(exif, "\x00\x00\x00\x00GPS 54.98 82.89 Новосибирск"...)
	segment := append([]byte{0xff, 0xe1}, order.AppendUint16(nil, uint16(len(exif)+2))...)
	return append(append(append([]byte{}, file[:2]...), append(segment, exif...)...), file[2:]...)
}

func made(t *testing.T, file []byte) image.Image {
	t.Helper()
	result, err := newStudio().make(t.Context(), file)
	require.NoError(t, err)
	require.Less(t, len(result), 400<<10)
	m, err := jpeg.Decode(bytes.NewReader(result))
	require.NoError(t, err)
	require.Equal(t, image.Rect(0, 0, side, side), m.Bounds())
	return m
}

// quarters names the colours of the four quarters.
func quarters(m image.Image) string {
	var names string
	for _, at := range []image.Point{{100, 100}, {300, 100}, {100, 300}, {300, 300}} {
		r, g, b, _ := m.At(at.X, at.Y).RGBA()
		is := func(v uint32) bool { return v > 0x8000 }
		switch {
		case is(r) && is(g) && is(b):
			names += "w"
		case is(r):
			names += "r"
		case is(g):
			names += "g"
		case is(b):
			names += "b"
		}
	}
	return names
}

func TestAPictureBecomesASquareJPEG(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{
		"JPEG": asJPEG(t, paint(1203, 801)),
		"PNG":  asPNG(t, paint(801, 1203)),
		"tiny": asPNG(t, paint(8, 8)),
		"flat": asPNG(t, paint(4000, 401)),
	} {
		require.Equal(t, "rgbw", quarters(made(t, file)), name)
	}
	webp, err := os.ReadFile("testdata/quarters.webp")
	require.NoError(t, err)
	require.Equal(t, "rgbw", quarters(made(t, webp)))
	clear := image.NewNRGBA(image.Rect(0, 0, 500, 500))
	require.Equal(t, "wwww", quarters(made(t, asPNG(t, clear))), "what is transparent is white")
}

func TestOrientationIsAppliedAndNothingElseIsKept(t *testing.T) {
	t.Parallel()
	file := asJPEG(t, paint(800, 800))
	for orientation, want := range map[uint16]string{
		1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb", 0: "rgbw", 9: "rgbw",
	} {
		turned := withExif(file, orientation)
		require.Equal(t, want, quarters(made(t, turned)), "orientation %d", orientation)
		result, err := newStudio().make(t.Context(), turned)
		require.NoError(t, err)
		require.NotContains(t, string(result), "Exif")
		require.NotContains(t, string(result), "GPS")
	}
	// A page behind the picture is gone too.
	result, err := newStudio().make(t.Context(), append(file, "<script>alert(1)</script>"...))
	require.NoError(t, err)
	require.NotContains(t, string(result), "script")
}

func TestPicturesThatAreRefused(t *testing.T) {
	t.Parallel()
	whole := asJPEG(t, paint(800, 800))
	var animated bytes.Buffer
	require.NoError(t, gif.Encode(&animated, paint(10, 10), nil))
	// The picture's length says 20,000 × 20,000; its data would be as long as one wants.
	bomb := asPNG(t, paint(4, 4))
	binary.BigEndian.PutUint32(bomb[16:], 20000)
	binary.BigEndian.PutUint32(bomb[20:], 20000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	for name, test := range map[string]struct {
		file []byte
		want *Refusal
	}{
		"nothing":          {nil, refusedPictureFormat},
		"SVG":              {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), refusedPictureFormat},
		"GIF":              {animated.Bytes(), refusedPictureFormat},
		"cut off":          {whole[:len(whole)/2], refusedPictureBroken},
		"only a beginning": {whole[:4], refusedPictureBroken},
		"page as JPEG":     {[]byte("\xff\xd8\xff<script>alert(1)</script>"), refusedPictureBroken},
		"bomb":             {bomb, refusedPictureSize},
		"long":             {append(append([]byte{}, whole...), make([]byte, maxPicture)...), refusedPictureSize},
		"deep colours":     {asPNG(t, image.NewNRGBA64(image.Rect(0, 0, 4000, 3000))), refusedPictureSize},
	} {
		_, err := newStudio().make(t.Context(), test.file)
		require.Equal(t, error(test.want), err, name)
	}
}

// TestTheLargestPictureFitsIntoMemory decodes what a camera of 12 megapixels makes.
func TestTheLargestPictureFitsIntoMemory(t *testing.T) {
	file := asJPEG(t, image.NewYCbCr(image.Rect(0, 0, 4032, 3024), image.YCbCrSubsampleRatio420))
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := newStudio().make(t.Context(), file)
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100<<20))
}

func FuzzPicture(f *testing.F) {
	var out bytes.Buffer
	_ = jpeg.Encode(&out, paint(16, 16), nil)
	f.Add(withExif(out.Bytes(), 6))
	out.Reset()
	_ = png.Encode(&out, paint(16, 16))
	f.Add(out.Bytes())
	if webp, err := os.ReadFile("testdata/quarters.webp"); err == nil {
		f.Add(webp)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		result, err := newStudio().make(t.Context(), file)
		require.Equal(t, err == nil, len(result) > 0)
	})
}
