package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"image"
	"image/color"
	stddraw "image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"runtime/debug"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

const (
	// maxPicture is the longest file that is accepted, in bytes.
	maxPicture = 8 << 20
	// maxPixels is 12 megapixels as cameras count them: 4032 × 3024 is one of theirs.
	maxPixels = 12 << 20
	// maxDecoded bounds what decoding may take, in bytes. It refuses some pictures of fewer pixels: those with 16
	// bits a channel, and progressive JPEGs, whose coefficients are kept while they are decoded.
	maxDecoded = 64 << 20
	// side is the length of a side of the result, in pixels.
	side = 400
	// quality is that of the result's JPEG.
	quality = 85
	// pictureQueue is how many pictures may wait for the one that is decoded. Each is held in memory.
	pictureQueue = 1
)

// newPictureName returns a name that can't be guessed.
func newPictureName() string {
	name := make([]byte, 16)
	_, _ = rand.Read(name) // never fails: it ends the program instead
	return hex.EncodeToString(name) + ".jpg"
}

// MakePicture makes of a file the JPEG that is kept, and its name.
func MakePicture(ctx context.Context, file []byte) (name string, jpeg []byte, err error) {
	jpeg, err = newStudio().make(ctx, file)
	return newPictureName(), jpeg, err
}

// readFile reads a picture of at most maxPicture, and one byte more of one that is longer. length is how long it may
// be, as the client says: so much is allocated at once, where growing would need it twice. Negative: unknown.
func readFile(from io.Reader, length int64) ([]byte, error) {
	if length < 0 || length > maxPicture {
		length = maxPicture
	}
	file := bytes.NewBuffer(make([]byte, 0, length+bytes.MinRead))
	_, err := file.ReadFrom(io.LimitReader(from, maxPicture+1))
	return file.Bytes(), err
}

// studio makes pictures of what people send in, one at a time.
type studio struct {
	queue chan struct{}
	place chan struct{}
}

func newStudio() *studio {
	return &studio{queue: make(chan struct{}, pictureQueue+1), place: make(chan struct{}, 1)}
}

// enter reserves a place in the queue, before anything of a picture is read. The caller must call leave.
func (s *studio) enter() (leave func(), err error) {
	select {
	case s.queue <- struct{}{}:
		return func() { <-s.queue }, nil
	default:
		return nil, failPictureQueue
	}
}

// make turns a file into the JPEG that is kept. Nothing of the file is left in it but what it shows.
func (s *studio) make(ctx context.Context, file []byte) ([]byte, error) {
	format, err := checkPicture(file)
	if err != nil {
		return nil, err
	}
	select {
	case s.place <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.place }()
	// A large picture is several times what the server holds otherwise. What other requests have left is given back
	// first, and the picture at once: the memory of both would never be needed at the same time.
	debug.FreeOSMemory()
	defer debug.FreeOSMemory()
	return makePicture(format, file)
}

func makePicture(format pictureFormat, file []byte) ([]byte, error) {
	decoded, err := format.decode(bytes.NewReader(file))
	if err != nil {
		return nil, refusedPictureBroken
	}
	result := orient(square(decoded), format.orientation(file))
	var out bytes.Buffer
	if err := jpeg.Encode(&out, result, &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// pictureFormat is a format that is accepted. The decoders are called by themselves, not by image.Decode, which would
// also call those that some other package has registered.
type pictureFormat struct {
	config      func(file []byte) (image.Config, error)
	decode      func(file *bytes.Reader) (image.Image, error)
	orientation func(file []byte) int
	// memory estimates what decoding takes, in bytes.
	memory func(file []byte, c image.Config) int
}

var formats = map[string]pictureFormat{
	"jpeg": {
		config:      func(file []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(file)) },
		decode:      func(file *bytes.Reader) (image.Image, error) { return jpeg.Decode(file) },
		orientation: func(file []byte) int { return readOrientation(jpegExif(file)) },
		memory:      jpegMemory,
	},
	"png": {
		config:      func(file []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(file)) },
		decode:      func(file *bytes.Reader) (image.Image, error) { return png.Decode(file) },
		orientation: func(file []byte) int { return readOrientation(pngExif(file)) },
		memory:      pngMemory,
	},
	"webp": {
		config:      func(file []byte) (image.Config, error) { return webp.DecodeConfig(bytes.NewReader(file)) },
		decode:      func(file *bytes.Reader) (image.Image, error) { return webp.Decode(file) },
		orientation: func(file []byte) int { return readOrientation(webpExif(file)) },
		// A lossless picture is decoded into its pixels and copied once where its colours are transformed.
		memory: func(_ []byte, c image.Config) int { return 4 * c.Width * c.Height },
	},
}

// checkPicture looks at size, format and dimensions, before anything is decoded.
func checkPicture(file []byte) (pictureFormat, error) {
	if len(file) > maxPicture {
		return pictureFormat{}, refusedPictureSize
	}
	format, ok := formats[sniff(file)]
	if !ok {
		return format, refusedPictureFormat
	}
	c, err := format.config(file)
	switch {
	case err != nil, c.Width <= 0, c.Height <= 0:
		return format, refusedPictureBroken
	case c.Height > maxPixels/c.Width, format.memory(file, c) > maxDecoded:
		return format, refusedPictureSize
	}
	return format, nil
}

// sniff returns the format that a file begins as; "" is none that is accepted.
func sniff(file []byte) string {
	switch {
	case bytes.HasPrefix(file, []byte("\xff\xd8\xff")):
		return "jpeg"
	case bytes.HasPrefix(file, []byte("\x89PNG\r\n\x1a\n")):
		return "png"
	case len(file) >= 12 && string(file[:4]) == "RIFF" && string(file[8:12]) == "WEBP":
		return "webp"
	}
	return ""
}

// jpegMemory takes four samples a pixel for the worst. Of a progressive one each coefficient is kept in four bytes too.
func jpegMemory(file []byte, c image.Config) int {
	channels, progressive := 3, false
	if c.ColorModel == color.GrayModel {
		channels = 1
	} else if c.ColorModel == color.CMYKModel {
		channels = 4
	}
	samples := channels * c.Width * c.Height
	for marker, segment := range jpegSegments(file) {
		if marker == 0xc2 {
			progressive = true
		}
		if marker == 0xc0 || marker == 0xc1 || marker == 0xc2 {
			samples = jpegSamples(segment, samples)
		}
	}
	if progressive {
		return 5 * samples
	}
	return samples
}

// jpegSamples counts the samples of all channels by their sampling factors, which stand in the frame's header. most is
// the number without subsampling.
func jpegSamples(frame []byte, most int) int {
	if len(frame) < 6 {
		return most
	}
	channels := int(frame[5])
	if channels == 0 || len(frame) < 6+3*channels {
		return most
	}
	sum, largest := 0, 1
	for i := range channels {
		factor := int(frame[6+3*i+1]>>4) * int(frame[6+3*i+1]&15)
		sum, largest = sum+factor, max(largest, factor)
	}
	return most / channels * sum / largest
}

func pngMemory(_ []byte, c image.Config) int {
	bytesPerPixel := 4
	switch c.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model:
		bytesPerPixel = 8
	case color.Gray16Model:
		bytesPerPixel = 2
	case color.GrayModel:
		bytesPerPixel = 1
	}
	return bytesPerPixel * c.Width * c.Height
}

// square cuts out the middle of a picture and scales it to the result's size, on white.
func square(from image.Image) *image.RGBA {
	b := from.Bounds()
	length := min(b.Dx(), b.Dy())
	corner := image.Pt(b.Min.X+(b.Dx()-length)/2, b.Min.Y+(b.Dy()-length)/2)
	middle := shrink(from, image.Rectangle{Min: corner, Max: corner.Add(image.Pt(length, length))})
	result := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.CatmullRom.Scale(result, result.Bounds(), middle, middle.Bounds(), draw.Src, nil)
	return result
}

// shrink copies a square of a picture, on white, and averages whole blocks of pixels, so that its sides are less than
// twice the result's: scaling by a kernel then needs little memory.
func shrink(from image.Image, cut image.Rectangle) *image.RGBA {
	block := max(1, cut.Dx()/side)
	length := cut.Dx() / block
	result := image.NewRGBA(image.Rect(0, 0, length, length))
	strip := image.NewRGBA(image.Rect(0, 0, length*block, block))
	white := image.NewUniform(color.White)
	for y := range length {
		stddraw.Draw(strip, strip.Bounds(), white, image.Point{}, stddraw.Src)
		stddraw.Draw(strip, strip.Bounds(), from, cut.Min.Add(image.Pt(0, y*block)), stddraw.Over)
		for x := range length {
			average(result.Pix[result.PixOffset(x, y):][:4], strip, x*block, block)
		}
	}
	return result
}

// average writes the mean colour of a block of strip, which begins at x, to pixel.
func average(pixel []byte, strip *image.RGBA, x, block int) {
	var sum [4]int
	for row := range block {
		line := strip.Pix[strip.PixOffset(x, row):][:4*block]
		for i, value := range line {
			sum[i%4] += int(value)
		}
	}
	for i := range pixel {
		pixel[i] = byte(sum[i] / (block * block))
	}
}

// orient turns and mirrors a square as the orientation of EXIF says, 1 to 8.
func orient(from *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return from
	}
	last := from.Bounds().Dx() - 1
	result := image.NewRGBA(from.Bounds())
	for y := range last + 1 {
		for x := range last + 1 {
			// where the pixel at (x, y) of the result comes from
			sx, sy := x, y
			switch orientation {
			case 2:
				sx = last - x
			case 3:
				sx, sy = last-x, last-y
			case 4:
				sy = last - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, last-x
			case 7:
				sx, sy = last-y, last-x
			case 8:
				sx, sy = last-y, x
			}
			copy(result.Pix[result.PixOffset(x, y):][:4], from.Pix[from.PixOffset(sx, sy):][:4])
		}
	}
	return result
}

// jpegSegments yields the marker and the content of each segment before the picture's data.
func jpegSegments(file []byte) func(yield func(marker byte, content []byte) bool) {
	return func(yield func(byte, []byte) bool) {
		for at := 2; at+4 <= len(file) && file[at] == 0xff; {
			marker := file[at+1]
			if marker == 0xff { // a fill byte
				at++
				continue
			}
			length := int(binary.BigEndian.Uint16(file[at+2:]))
			if marker == 0xda || length < 2 || at+2+length > len(file) || !yield(marker, file[at+4:at+2+length]) {
				return
			}
			at += 2 + length
		}
	}
}

// jpegExif returns the EXIF data of a JPEG; nil: it has none.
func jpegExif(file []byte) []byte {
	for marker, content := range jpegSegments(file) {
		if data, ok := bytes.CutPrefix(content, []byte("Exif\x00\x00")); ok && marker == 0xe1 {
			return data
		}
	}
	return nil
}

// pngExif returns the EXIF data of a PNG; nil: it has none.
func pngExif(file []byte) []byte {
	for at := 8; at+12 <= len(file); {
		length := int(binary.BigEndian.Uint32(file[at:]))
		if length < 0 || length > len(file)-at-12 {
			return nil
		}
		if string(file[at+4:at+8]) == "eXIf" {
			return file[at+8 : at+8+length]
		}
		at += 12 + length
	}
	return nil
}

// webpExif returns the EXIF data of a WebP; nil: it has none.
func webpExif(file []byte) []byte {
	for at := 12; at+8 <= len(file); {
		length := int(binary.LittleEndian.Uint32(file[at+4:]))
		if length < 0 || length > len(file)-at-8 {
			return nil
		}
		if string(file[at:at+4]) == "EXIF" {
			data, _ := bytes.CutPrefix(file[at+8:at+8+length], []byte("Exif\x00\x00"))
			return data
		}
		at += 8 + length + length%2
	}
	return nil
}

// readOrientation returns the orientation in EXIF data, 1 where there is none. It looks at nothing else.
func readOrientation(exif []byte) int {
	const tagOrientation, upright = 0x0112, 1
	if len(exif) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(exif[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	start := order.Uint32(exif[4:])
	if uint64(start)+2 > uint64(len(exif)) {
		return upright
	}
	entries := exif[start+2:]
	for range order.Uint16(exif[start:]) {
		if len(entries) < 12 {
			return upright
		}
		if order.Uint16(entries) == tagOrientation {
			return int(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return upright
}
